package io.alidade.learning;

/// A learning-rate schedule: what the optimizer's rate is multiplied by at each step.
public interface Schedule {
  /// The factor for a step.
  ///
  /// @param step from 0
  /// @param total number of steps of the run, at least 1
  /// @return in `[0, 1]`
  double factor(long step, long total);

  /// The rise shared by all schedules: linear from 0 over the warm-up steps, then 1. The first of
  /// the warm-up steps has a rate of 0.
  ///
  /// @param step from 0
  /// @param warmupSteps at least 0
  /// @return in `[0, 1]`
  static double warmUp(long step, long warmupSteps) {
    return step < warmupSteps ? (double) step / Math.max(1, warmupSteps) : 1;
  }
}
