package io.alidade.objective;

/// How much better each of several answers to a prompt was than the others, from their rewards.
public interface Advantage {
  /// Advantages of the answers of several prompts.
  ///
  /// @param rewards `[groups][answers][functions]`; NaN where a function gave no score
  /// @param weights of the functions
  /// @return `[groups][answers]`; 0 for an answer without any score
  double[][] of(double[][][] rewards, double... weights);
}
