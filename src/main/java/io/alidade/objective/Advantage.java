package io.alidade.objective;

import io.alidade.example.Signal;
import java.util.Map;
import java.util.Set;

/// How much better each of several answers to a prompt was than the others, from their rewards.
public interface Advantage {
  /// Advantages of the answers of several prompts.
  ///
  /// @param rewards `[groups][answers][functions]`; NaN where a function gave no score
  /// @param weights of the functions
  /// @return `[groups][answers]`; 0 for an answer without any score
  double[][] of(double[][][] rewards, double... weights);

  /// What it says of answers beside their advantages.
  default Set<Signal> signals() {
    return Set.of();
  }

  /// The signals of [#signals()] for all prompts that were drawn together.
  ///
  /// @param rewards `[groups][answers]`; NaN where there is no score
  /// @param answers `[groups][answers]`: answers of a group that say the same have the same number
  /// @return for each group what a signal of its scope holds
  default Map<Signal, double[][]> further(double[][] rewards, int[][] answers) {
    return Map.of();
  }
}
