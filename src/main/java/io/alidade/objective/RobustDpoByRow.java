package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;

/// [RobustDpo] with a rate of flipped labels for each pair (Chowdhury et al. 2024,
/// arXiv:2403.00409, section 3.1, row by row).
///
/// `-log sigmoid(m) - e_i / (1 - 2 e_i) * m`, with the margin `m` as in [Dpo] and `e_i` from the
/// data. Pairs of unknown quality, such as those from different annotators, are corrected each by
/// its own rate.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param divergence what keeps the policy near its reference
public record RobustDpoByRow(double beta, Divergence divergence) implements Objective {
  /// Probability that the label of this pair is flipped, in `[0, 0.5)`.
  static final Signal FLIP_RATE = Signal.perGroup("flip_rate");

  /// Checks the range.
  public RobustDpoByRow {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().with(FLIP_RATE);
  }

  @Override
  public Loss loss(Scored batch) {
    var rate = batch.signal(FLIP_RATE); // [G]
    Check.belowFrom("flip_rate", 0, 0.5, Ops.number(rate.min()));
    Check.belowFrom("flip_rate", 0, 0.5, Ops.number(rate.max()));
    var ratio = batch.logRatio(); // [N]
    var margin = Ops.times(batch.margin(divergence.reward(ratio)), beta); // [G]
    var clean = Logistic.loss(margin); // [G]
    var push = rate.div(Ops.plus(Ops.times(rate, -2), 1)); // [G]
    return Loss.mean(clean.sub(margin.mul(push)))
        .rewards(batch, Ops.times(ratio, beta))
        .metric("loss/dpo", clean);
  }
}
