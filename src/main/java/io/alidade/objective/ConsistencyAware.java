package io.alidade.objective;

import io.alidade.example.Signal;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.DoubleStream;

/// Advantages of answers within their prompt, and of prompts within the batch (COPO, Han et al.
/// 2025, arXiv:2508.04138).
///
///     A   = (r - mean r) / (std r + 1e-6)                 over the answers to a prompt
///     H   = -sum p log2 p                                 p: shares of its final answers
///     R   = kappa mean r,   kappa = 1 - lambda H,   lambda = (1 - 1/G) / log2 G
///     A_g = (R - mean R) / (std R + 1e-6)                 over the prompts of the batch
///
/// Standard deviations are those of a sample (n - 1). Of a single prompt, or of prompts that all
/// earned the same, `A_g` is 0; an answer that is alone has its reward as its advantage, as in the
/// source. An answer without a score has advantages of 0 and does not count otherwise. `R` is over
/// all prompts that were drawn together, however they are cut into steps.
///
/// @param consistencyFactor whether `kappa` is as above, from 1 where all answers agree to `1/G`
///   where all differ; else it is 1
public record ConsistencyAware(boolean consistencyFactor) implements Advantage {
  private static final double LEAST_DEVIATION = 1e-6;

  @Override
  public double[][] of(double[][][] rewards, double... weights) {
    return Arrays.stream(Rewards.summed(rewards, weights))
        .map(group -> known(group).count() == 1 ? alone(group) : relative(group))
        .toArray(double[][]::new);
  }

  @Override
  public Set<Signal> signals() {
    return Set.of(Copo.GLOBAL, Copo.ENTROPY, Copo.REWARD);
  }

  @Override
  public Map<Signal, double[][]> further(double[][] rewards, int[][] answers) {
    var entropies = new double[rewards.length][];
    var worth = new double[rewards.length]; // R of each prompt, NaN where nothing was judged
    for (int q = 0; q < rewards.length; q++) {
      double entropy = entropy(rewards[q], answers[q]);
      entropies[q] = new double[] {entropy};
      worth[q] = mean(rewards[q]) * factor(entropy, known(rewards[q]).count());
    }
    var among = relative(worth);
    var global = new double[rewards.length][];
    var earned = new double[rewards.length][];
    for (int q = 0; q < rewards.length; q++) {
      double one = among[q];
      global[q] = Arrays.stream(rewards[q]).map(r -> Double.isNaN(r) ? 0 : one).toArray();
      earned[q] = Arrays.stream(rewards[q]).map(r -> Double.isNaN(r) ? 0 : r).toArray();
    }
    var signals = new LinkedHashMap<Signal, double[][]>();
    signals.put(Copo.GLOBAL, global);
    signals.put(Copo.ENTROPY, entropies);
    signals.put(Copo.REWARD, earned);
    return signals;
  }

  /// Entropy of the final answers that have a score, bits; 0 without any.
  static double entropy(double[] rewards, int... answers) {
    var counts = new HashMap<Integer, Integer>();
    int all = 0;
    for (int i = 0; i < rewards.length; i++) {
      if (!Double.isNaN(rewards[i])) {
        counts.merge(answers[i], 1, Integer::sum);
        all++;
      }
    }
    double entropy = 0;
    for (int count : counts.values()) {
      double share = (double) count / all;
      entropy -= share * Math.log(share) / Math.log(2);
    }
    return entropy + 0.0; // never -0
  }

  /// `kappa`.
  double factor(double entropy, long answers) {
    return consistencyFactor && answers > 1
        ? 1 - (1 - 1.0 / answers) / (Math.log((double) answers) / Math.log(2)) * entropy
        : 1;
  }

  private static double[] alone(double[] group) {
    return Arrays.stream(group).map(r -> Double.isNaN(r) ? 0 : r).toArray();
  }

  /// Distances from the mean in standard deviations; 0 for NaN, and for values that are all equal,
  /// whatever their mean is rounded to.
  private static double[] relative(double[] values) {
    double mean = mean(values);
    long count = known(values).count();
    double squares = known(values).map(v -> (v - mean) * (v - mean)).sum();
    double deviation = count < 2 ? 0 : Math.sqrt(squares / (count - 1));
    boolean same = known(values).distinct().count() < 2;
    return Arrays.stream(values)
        .map(v -> same || Double.isNaN(v) ? 0 : (v - mean) / (deviation + LEAST_DEVIATION))
        .toArray();
  }

  private static DoubleStream known(double[] values) {
    return Arrays.stream(values).filter(v -> !Double.isNaN(v));
  }

  private static double mean(double[] values) {
    return known(values).average().orElse(Double.NaN);
  }
}
