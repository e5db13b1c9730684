package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;

/// Provably robust DPO for labels that are flipped at random (rDPO, Chowdhury et al. 2024,
/// arXiv:2403.00409, section 3.1).
///
/// `((1 - e) L(m) - e L(-m)) / (1 - 2 e) = -log sigmoid(m) - e / (1 - 2 e) * m`, with `L(m) = -log
/// sigmoid(m)` and the margin `m` as in [Dpo]: its mean over flips of rate `e` is the loss on clean
/// labels, exactly. The second form is computed, since it has no cancellation.
///
/// Gradient with respect to the margin: `-(sigmoid(-m) + e / (1 - 2 e))`, which never fades: on a
/// finite sample the loss has no minimum, and a rate that is too high does more harm than one that
/// is too low. `e = 0` is [Dpo]; [Cdpo] applies the same correction with the opposite sign.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param labelSmoothing `e`, the rate of flipped labels, in `[0, 0.5)`
/// @param divergence what keeps the policy near its reference
public record RobustDpo(double beta, double labelSmoothing, Divergence divergence)
    implements Objective {
  /// Checks the ranges.
  public RobustDpo {
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
    var clean = Logistic.loss(margin); // [G]
    double push = labelSmoothing / (1 - 2 * labelSmoothing);
    return Loss.mean(clean.sub(Ops.times(margin, push)))
        .rewards(batch, Ops.times(ratio, beta))
        .metric("loss/dpo", clean);
  }
}
