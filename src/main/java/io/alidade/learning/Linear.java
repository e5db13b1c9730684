package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;

/// Linear decay from 1 after the warm-up to 0 after the last step.
///
/// @param warmupSteps steps of linear rise from 0
public record Linear(@Default("0") long warmupSteps) implements Schedule {
  /// Checks the range.
  public Linear {
    Check.atLeast("warmup_steps", 0, warmupSteps);
  }

  @Override
  public double factor(long step, long total) {
    return step < warmupSteps
        ? Schedule.warmUp(step, warmupSteps)
        : Math.max(0, (double) (total - step) / Math.max(1, total - warmupSteps));
  }
}
