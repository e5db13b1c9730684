package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;

/// Half a cosine from 1 after the warm-up to 0 after the last step (Loshchilov and Hutter 2017,
/// arXiv:1608.03983, without restarts).
///
/// @param warmupSteps steps of linear rise from 0
public record Cosine(@Default("0") long warmupSteps) implements Schedule {
  /// Checks the range.
  public Cosine {
    Check.atLeast("warmup_steps", 0, warmupSteps);
  }

  @Override
  public double factor(long step, long total) {
    if (step < warmupSteps) {
      return Schedule.warmUp(step, warmupSteps);
    }
    double progress = (double) (step - warmupSteps) / Math.max(1, total - warmupSteps);
    return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
  }
}
