package io.alidade.objective;

import java.util.Arrays;

/// Sums over reward functions.
final class Rewards {
  private Rewards() {}

  /// The weighted sum over the functions that gave a score, NaN if none did; `[groups][answers]`.
  static double[][] summed(double[][][] rewards, double[] weights) {
    return Arrays.stream(rewards)
        .map(group -> Arrays.stream(group).mapToDouble(answer -> sum(answer, weights)).toArray())
        .toArray(double[][]::new);
  }

  private static double sum(double[] answer, double[] weights) {
    if (answer.length != weights.length) {
      throw new IllegalArgumentException(
          "%d reward functions but %d weights".formatted(answer.length, weights.length));
    }
    double sum = 0;
    boolean any = false;
    for (int f = 0; f < weights.length; f++) {
      if (!Double.isNaN(answer[f])) {
        sum += weights[f] * answer[f];
        any = true;
      }
    }
    return any ? sum : Double.NaN;
  }
}
