package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Simple preference optimization (Meng et al. 2024, arXiv:2405.14734, eq. 6).
///
/// `-(1 - e) log sigmoid(m) - e log sigmoid(-m)` with `m = beta * (l(chosen) - l(rejected)) -
/// gamma` and `l` the mean log-likelihood per token: what decoding follows is what is trained.
/// Needs no reference.
///
/// Gradient with respect to the summed chosen log-likelihood: `-beta sigmoid(-m) / tokens` at `e =
/// 0`. Answers of equal mean cost `softplus(gamma)`. With `gamma = 0` and answers of n tokens each
/// it is DPO with `beta / n` and a uniform reference.
///
/// @param beta scale of the reward, per nat and token, positive
/// @param gamma target margin, reward units, not negative; papers often give `gamma / beta`
/// @param labelSmoothing `e`, in `[0, 0.5)`; 0 in the paper
public record SimPo(double beta, double gamma, double labelSmoothing) implements Objective {
  /// Checks the ranges.
  public SimPo {
    Check.positive("beta", beta);
    Check.notNegative("gamma", gamma);
    Check.belowFrom("label_smoothing", 0, 0.5, labelSmoothing);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().withoutReference();
  }

  @Override
  public Loss loss(Scored batch) {
    var reward = Ops.times(batch.policy().mean(), beta); // [N]
    var margin = Ops.plus(batch.margin(reward), -gamma); // [G]
    return Loss.mean(Logistic.smoothed(margin, labelSmoothing)).rewards(batch, reward);
  }
}
