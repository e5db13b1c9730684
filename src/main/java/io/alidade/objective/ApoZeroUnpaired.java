package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Anchored preference optimization, zero form, from single labelled answers (D'Oosterlinck et al.
/// 2024, arXiv:2408.06266, eq. 7, one side at a time): [Kto] with its divergence estimate set to 0.
///
/// `w_d * (1 - sigmoid(beta u))` for a desirable answer, `w_u * sigmoid(beta u)` for an undesirable
/// one, with `u` the log-ratio of policy to reference summed over tokens. Chosen answers are made
/// likelier than under the reference, rejected ones less likely.
///
/// Gradient: `beta sigmoid'(beta u)` in size; at the reference the loss is `w / 2`.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param desirableWeight weight of desirable examples, not negative
/// @param undesirableWeight weight of undesirable examples, not negative
public record ApoZeroUnpaired(double beta, double desirableWeight, double undesirableWeight)
    implements Objective {
  /// Checks the ranges.
  public ApoZeroUnpaired {
    Check.positive("beta", beta);
    Check.notNegative("desirable_weight", desirableWeight);
    Check.notNegative("undesirable_weight", undesirableWeight);
  }

  @Override
  public Needs needs() {
    return Needs.labelled().with(Kto.LABEL);
  }

  @Override
  public Loss loss(Scored batch) {
    var answer = batch.candidate(batch.logRatio(), 0); // [G]
    var label = batch.signal(Kto.LABEL); // [G]
    var sign = Ops.plus(Ops.times(label, 2), -1); // [G], +1 or -1
    var weight = Ops.plus(Ops.times(label, desirableWeight - undesirableWeight), undesirableWeight);
    return Loss.mean(weight.mul(Ops.times(answer.mul(sign), -beta).sigmoid()))
        .labelledRewards(Ops.times(answer, beta), label);
  }
}
