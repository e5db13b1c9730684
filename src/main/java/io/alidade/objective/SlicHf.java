package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Sequence likelihood calibration with human feedback (Zhao et al. 2023, arXiv:2305.10425, section
/// 2), on plain likelihoods, with the chosen answer as the target of its regularisation.
///
/// `max(0, delta - l(chosen) + l(rejected)) - lambda l(chosen)`, with `l` the log-likelihood summed
/// over tokens. Needs no reference: the second term keeps the policy near the data.
///
/// Gradient with respect to the rejected log-likelihood: 1 until the margin exceeds `delta`, then
/// 0.
///
/// @param delta margin that is asked for, nats, not negative
/// @param lambda weight of the likelihood of the chosen answer, not negative
public record SlicHf(double delta, double lambda) implements Objective {
  /// Checks the ranges.
  public SlicHf {
    Check.notNegative("delta", delta);
    Check.notNegative("lambda", lambda);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().withoutReference();
  }

  @Override
  public Loss loss(Scored batch) {
    var likelihood = batch.policy().total(); // [N]
    var shortfall = Ops.plus(batch.margin(likelihood).neg(), delta).relu(); // [G]
    return Loss.mean(shortfall.sub(Ops.times(batch.chosen(likelihood), lambda)))
        .rewards(batch, likelihood);
  }
}
