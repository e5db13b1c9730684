package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;

/// Conservative DPO: label smoothing for noisy preferences (Mitchell 2023, "A note on DPO with
/// noisy preferences and relationship to IPO", eq. 3).
///
/// `-(1 - e) log sigmoid(m) - e log sigmoid(-m) = -log sigmoid(m) + e m`, with `m = beta * (score
/// of chosen - score of rejected)` and the score as in [Dpo].
///
/// Gradient with respect to the margin: `e - sigmoid(-m)`, which is 0 where the model prefers the
/// chosen answer with probability `1 - e`: margins stop there. `e = 0` is [Dpo].
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param labelSmoothing `e`, the assumed share of wrong labels, in `[0, 0.5)`
/// @param divergence what keeps the policy near its reference
public record Cdpo(double beta, double labelSmoothing, Divergence divergence) implements Objective {
  /// Checks the ranges.
  public Cdpo {
    Check.positive("beta", beta);
    Check.belowFrom("label_smoothing", 0, 0.5, labelSmoothing);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var margin = Ops.times(batch.margin(divergence.reward(ratio)), beta); // [G]
    return Loss.mean(Logistic.smoothed(margin, labelSmoothing))
        .rewards(batch, Ops.times(ratio, beta));
  }
}
