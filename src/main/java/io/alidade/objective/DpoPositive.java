package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;

/// DPO-Positive: DPO that charges for a chosen answer that has become less likely than under the
/// reference (DPOP, Pal et al. 2024, arXiv:2402.13228, eq. 3).
///
/// `-log sigmoid(beta * (s_w - s_l - lambda * max(0, -u_w)))`, with `s` the scores of chosen and
/// rejected answer as in [Dpo] and `u_w` the chosen answer's log-ratio of policy to reference
/// summed over tokens. On answers that differ in few tokens DPO may lower both; here that widens no
/// margin.
///
/// Gradient with respect to the chosen log-likelihood, under the reverse KL: `-beta sigmoid(-m)`
/// with `m` the argument of the sigmoid while the answer is at least as likely as under the
/// reference, `1 + lambda` times that below; with respect to the rejected one `beta sigmoid(-m)`.
/// `lambda = 0` is [Dpo].
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param lambda what a nat of lost likelihood of the chosen answer costs, in nats of margin, not
///   negative
/// @param divergence what keeps the policy near its reference
public record DpoPositive(double beta, double lambda, Divergence divergence) implements Objective {
  /// Checks the ranges.
  public DpoPositive {
    Check.positive("beta", beta);
    Check.notNegative("lambda", lambda);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var lost = batch.chosen(ratio).neg().relu(); // [G], nats
    var margin = batch.margin(divergence.reward(ratio)).sub(Ops.times(lost, lambda)); // [G]
    return Loss.mean(Logistic.loss(Ops.times(margin, beta))).rewards(batch, Ops.times(ratio, beta));
  }
}
