package io.alidade.objective;

import java.util.Arrays;

/// Each reward relative to the mean of the other answers to the same prompt (RLOO, Ahmadian et al.
/// 2024, arXiv:2402.14740): an unbiased baseline. An answer that is alone, or without a score, has
/// advantage 0.
public record LeaveOneOut() implements Advantage {
  @Override
  public double[][] of(double[][][] rewards, double... weights) {
    return Arrays.stream(Rewards.summed(rewards, weights))
        .map(LeaveOneOut::relative)
        .toArray(double[][]::new);
  }

  private static double[] relative(double[] group) {
    var known = Arrays.stream(group).filter(r -> !Double.isNaN(r)).toArray();
    double sum = Arrays.stream(known).sum();
    int others = known.length - 1;
    return Arrays.stream(group)
        .map(r -> Double.isNaN(r) || others == 0 ? 0 : r - (sum - r) / others)
        .toArray();
  }
}
