package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Binary classifier optimization from single labelled answers (Jung et al. 2024, arXiv:2404.04656,
/// section 4).
///
/// `-log sigmoid(s * (r - delta))`, with `r = beta * u`, `u` the log-ratio of policy to reference
/// summed over tokens, and `s` `+1` for a desirable and `-1` for an undesirable answer. The shift
/// `delta` is the mean reward of all answers seen so far, this batch included; it carries no
/// gradient and is remembered from batch to batch.
///
/// Gradient with respect to the reward: `-s sigmoid(-s (r - delta))`. At the reference the loss is
/// `ln 2`.
///
/// @param beta strength of the constraint, reward units per nat, positive
public record Bco(double beta) implements Objective {
  private static final String MEAN = "bco/mean";
  private static final String COUNT = "bco/count";

  /// Checks the range.
  public Bco {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.labelled().with(Kto.LABEL).wholeBatch();
  }

  @Override
  public Loss loss(Scored batch) {
    var reward = Ops.times(batch.candidate(batch.logRatio(), 0), beta); // [G]
    double seen = batch.memory(COUNT, 0);
    double share = batch.groups() / (seen + batch.groups());
    var shift =
        batch.constant(
            Ops.plus(Ops.times(reward.mean(), share), batch.memory(MEAN, 0) * (1 - share)));
    var label = batch.signal(Kto.LABEL); // [G]
    var sign = Ops.plus(Ops.times(label, 2), -1); // [G], +1 or -1
    return Loss.mean(Logistic.loss(reward.sub(shift).mul(sign)))
        .labelledRewards(reward, label)
        .metric("delta", shift)
        .remember(MEAN, Ops.number(shift))
        .remember(COUNT, seen + batch.groups());
  }
}
