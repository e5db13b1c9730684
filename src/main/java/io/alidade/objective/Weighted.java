package io.alidade.objective;

import io.alidade.batch.Likelihood;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;

/// Weighted preference optimization: off-policy pairs count as much as the policy would produce
/// them (WPO, Zhou et al. 2024, arXiv:2406.11827, eq. 2 with sampled alignment).
///
/// Each pair's loss is multiplied by `w(chosen) * w(rejected)`, `w = exp(mean_t(log pi(y_t) - log
/// sum_v pi(v)^2))`. The second term is what a token drawn from the policy itself would have, so an
/// on-policy answer weighs about 1. The weight carries no gradient.
///
/// @param objective a mean over pairs that may be weighted pair by pair
public record Weighted(Objective objective) implements Objective {
  /// Checks that pairs can be weighted.
  public Weighted {
    var needs = objective.needs();
    if (needs.feedback() != Needs.Feedback.PAIRS || needs.mean() != Needs.Mean.GROUPS) {
      throw new IllegalArgumentException(
          "objective must be a mean over pairs, was " + objective.getClass().getSimpleName());
    }
  }

  @Override
  public Needs needs() {
    return objective.needs().reading(Readout.LOG_LIKELIHOOD, Readout.COLLISION);
  }

  @Override
  public Loss loss(Scored batch) {
    var surplus = batch.policy().units().sub(batch.readout(Readout.COLLISION)); // [N, U]
    var mean = new Likelihood(surplus, batch.mask()).mean(); // [N]
    var weight = batch.constant(batch.chosen(mean).add(batch.rejected(mean)).exp()); // [G]
    return objective.loss(batch).weighted(weight).metric("wpo/weight", weight);
  }
}
