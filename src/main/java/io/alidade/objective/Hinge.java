package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;

/// The hinge form of sequence likelihood calibration on log-ratios (Zhao et al. 2023,
/// arXiv:2305.10425, normalised by the reference as in Liu et al. 2023, arXiv:2309.06657).
///
/// `max(0, 1 - m)`, with `m = beta * (score of chosen - score of rejected)` and the score as in
/// [Dpo]. 0 from `m = 1` on; below it the gradient with respect to the margin is `-1`, whatever the
/// margin.
///
/// @param beta strength of the constraint, reward units per nat, positive; `1 / beta` is the margin
///   in nats that is asked for
/// @param divergence what keeps the policy near its reference
public record Hinge(double beta, Divergence divergence) implements Objective {
  /// Checks the range.
  public Hinge {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var margin = Ops.times(batch.margin(divergence.reward(ratio)), beta); // [G]
    return Loss.mean(Ops.plus(margin.neg(), 1).relu()).rewards(batch, Ops.times(ratio, beta));
  }
}
