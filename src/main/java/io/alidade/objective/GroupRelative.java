package io.alidade.objective;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/// Rewards relative to the mean of their group, in standard deviations (GRPO, Shao et al. 2024,
/// arXiv:2402.03300, section 4.1; each function by itself: GDPO, arXiv:2601.05242).
///
/// Standard deviations are those of a sample (n - 1), plus 1e-4.
///
/// @param scaleRewards over what standard deviations are taken
/// @param multiObjectiveAggregation whether functions are summed before or after they are scaled;
///   if after, each within its group, and the sums once more over the batch
public record GroupRelative(Scale scaleRewards, Aggregation multiObjectiveAggregation)
    implements Advantage {
  private static final double LEAST_DEVIATION = 1e-4;

  /// Over what standard deviations are taken.
  public enum Scale {
    /// The answers to one prompt.
    GROUP,
    /// All answers.
    BATCH,
    /// Nothing: rewards are centred only.
    NONE
  }

  /// When functions are summed.
  public enum Aggregation {
    /// Before they are scaled.
    SUM_THEN_NORMALIZE,
    /// After each has been scaled within its group.
    NORMALIZE_THEN_SUM
  }

  @Override
  public double[][] of(double[][][] rewards, double... weights) {
    return switch (multiObjectiveAggregation) {
      case SUM_THEN_NORMALIZE -> centred(Rewards.summed(rewards, weights));
      case NORMALIZE_THEN_SUM -> {
        var scaled =
            Arrays.stream(rewards).map(GroupRelative::eachFunction).toArray(double[][][]::new);
        var sums = Rewards.summed(scaled, weights);
        var all = flat(sums);
        yield map(sums, (_, r) -> (r - mean(all)) / (deviation(all) + LEAST_DEVIATION));
      }
    };
  }

  private double[][] centred(double[][] rewards) {
    var all = flat(rewards);
    return map(
        rewards,
        (group, r) -> {
          double distance = r - mean(group);
          return switch (scaleRewards) {
            case GROUP -> distance / (deviation(group) + LEAST_DEVIATION);
            case BATCH -> distance / (deviation(all) + LEAST_DEVIATION);
            case NONE -> distance;
          };
        });
  }

  /// Each function scaled within a group, `[answers][functions]`.
  private static double[][] eachFunction(double[][] group) {
    var scaled = Arrays.stream(group).map(double[]::clone).toArray(double[][]::new);
    for (int f = 0; f < group[0].length; f++) {
      int function = f;
      var column = Arrays.stream(group).mapToDouble(answer -> answer[function]).toArray();
      for (var answer : scaled) {
        answer[f] = (answer[f] - mean(column)) / (deviation(column) + LEAST_DEVIATION);
      }
    }
    return scaled;
  }

  private interface OfGroup {
    double apply(double[] group, double reward);
  }

  /// NaN becomes 0: an answer without a score does not move the policy.
  private static double[][] map(double[][] rewards, OfGroup function) {
    return Arrays.stream(rewards)
        .map(group ->
            Arrays.stream(group).map(r -> Double.isNaN(r) ? 0 : function.apply(group, r)).toArray())
        .toArray(double[][]::new);
  }

  private static double[] flat(double[][] rewards) {
    return Arrays.stream(rewards).flatMapToDouble(Arrays::stream).toArray();
  }

  private static DoubleStream known(double[] values) {
    return Arrays.stream(values).filter(v -> !Double.isNaN(v));
  }

  private static double mean(double[] values) {
    return known(values).average().orElse(Double.NaN);
  }

  /// Of a sample; 0 for fewer than two values.
  private static double deviation(double[] values) {
    double mean = mean(values);
    long count = known(values).count();
    if (count < 2) {
      return 0;
    }
    // n / (n - 1) in single precision, as TRL computes it: it shows in the eighth digit.
    double bessel = (float) count / (count - 1);
    double variance = known(values).map(v -> (v - mean) * (v - mean)).average().orElse(0);
    return Math.sqrt(variance * bessel);
  }
}
