package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Likelihood;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;

/// Preference optimization with a token-level adaptive barrier (TAB-PO, Fodeh et al. 2026,
/// arXiv:2603.00025, as its authors' code defines it): for structured answers of which few tokens
/// decide.
///
/// `-log sigmoid(z) + lambda * barrier`, with `z = beta * (u_w - u_l)` and `u` the weighted mean
/// over tokens of the log-ratio of policy to reference. Token weights come with the data and are
/// scaled to mean 1 over each answer. The barrier is the weighted mean negative log-likelihood of
/// those chosen tokens whose probability is below `tau`; the sum of weights it is divided by is at
/// least 1.
///
/// Gradient with respect to a chosen token: `-beta w sigmoid(-z) / tokens` from the comparison, and
/// `-lambda w / (sum of gated weights)` if it is gated. With weights of 1 and `lambda = 0` it is
/// [SigmoidNorm].
///
/// @param beta strength of the constraint, reward units per nat and token, positive
/// @param tau probability below which a chosen token is pushed up, between 0 and 1
/// @param lambdaBar weight of the barrier, not negative
public record TabPo(double beta, double tau, double lambdaBar) implements Objective {
  /// How much a token matters, positive; its scale within an answer does not.
  static final Signal TOKEN_WEIGHT = Signal.perUnit("token_weight");

  /// Checks the ranges.
  public TabPo {
    Check.positive("beta", beta);
    Check.positive("tau", tau);
    Check.between("tau", 0, 1, tau);
    Check.notNegative("lambda_bar", lambdaBar);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().with(TOKEN_WEIGHT);
  }

  @Override
  public Loss loss(Scored batch) {
    var raw = new Likelihood(batch.signal(TOKEN_WEIGHT), batch.mask()); // [N, U]
    var mean = raw.mean().unsqueeze(1); // [N, 1], 0 only for an answer without tokens
    var some = mean.gt(Ops.scalar(0)).to(mean.scalar_type());
    var scale = some.div(mean.add(Ops.plus(some.neg(), 1))); // 1 / mean, or 0
    var weights = batch.signal(TOKEN_WEIGHT).mul(batch.mask()).mul(scale); // [N, U]
    var weighted = batch.scaled(weights);
    var ratio = weighted.policy().mean().sub(weighted.reference().mean()); // [N]
    var margin = Ops.times(batch.margin(ratio), beta); // [G]
    var chosen = batch.chosen(batch.policy().units()); // [G, U]
    var gate = chosen.lt(Ops.scalar(Math.log(tau))).to(chosen.scalar_type());
    var gated = batch.chosen(weights).mul(gate); // [G, U]
    var barrier = chosen.neg().mul(gated).sum(1).div(Ops.atLeast(gated.sum(1), 1)); // [G]
    return Loss.mean(Logistic.loss(margin).add(Ops.times(barrier, lambdaBar)))
        .rewards(batch, Ops.times(ratio, beta))
        .metric("loss/dpo", Logistic.loss(margin))
        .metric("loss/barrier", barrier)
        .metric("barrier/active_pct", Ops.times(gate, 100), batch.chosen(batch.mask()))
        .metric("policy/prob_chosen", batch.chosen(weighted.policy().mean()).exp())
        .metric("pref/p_pref", margin.sigmoid());
  }
}
