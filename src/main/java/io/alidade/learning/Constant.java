package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;

/// A constant rate after the warm-up.
///
/// @param warmupSteps steps of linear rise from 0
public record Constant(@Default("0") long warmupSteps) implements Schedule {
  /// Checks the range.
  public Constant {
    Check.atLeast("warmup_steps", 0, warmupSteps);
  }

  @Override
  public double factor(long step, long total) {
    return Schedule.warmUp(step, warmupSteps);
  }
}
