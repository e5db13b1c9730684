package io.alidade.study;

import io.alidade.world.FeaturePolicy;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// The lists: first those that the anchor learns from, then those that are corrupted, then those
/// that choose a rate, then those that decide.
///
/// @param features `[P][4][16]`, context and candidate
/// @param gold `[P][4]`, what each candidate is worth, in standard deviations
record ScoredLists(double[][][] features, double[][] gold, int[] parts) {
  static final int CANDIDATES = 4;
  private static final int SIZE = 8; // of a context and of a candidate

  static ScoredLists random(RandomGenerator random, int... parts) {
    int count = IntStream.of(parts).sum();
    var features = new double[count][CANDIDATES][2 * SIZE];
    for (var list : features) {
      var context = new double[SIZE];
      Arrays.setAll(context, _ -> random.nextGaussian());
      for (var candidate : list) {
        System.arraycopy(context, 0, candidate, 0, SIZE);
        for (int i = SIZE; i < 2 * SIZE; i++) {
          candidate[i] = random.nextGaussian();
        }
      }
    }
    return new ScoredLists(features, worth(features, random), parts);
  }

  /// A random network with one hidden layer of 32 hyperbolic tangents, standardised.
  private static double[][] worth(double[][][] features, RandomGenerator random) {
    int hidden = 32;
    var in = new double[hidden][2 * SIZE];
    var out = new double[hidden];
    for (int h = 0; h < hidden; h++) {
      Arrays.setAll(in[h], _ -> random.nextGaussian() / Math.sqrt(2 * SIZE));
      out[h] = random.nextGaussian() / Math.sqrt(hidden);
    }
    var worth = new double[features.length][CANDIDATES];
    double sum = 0;
    double squares = 0;
    for (int p = 0; p < worth.length; p++) {
      for (int k = 0; k < CANDIDATES; k++) {
        for (int h = 0; h < hidden; h++) {
          double dot = 0;
          for (int i = 0; i < 2 * SIZE; i++) {
            dot += in[h][i] * features[p][k][i];
          }
          worth[p][k] += out[h] * Math.tanh(dot);
        }
        sum += worth[p][k];
        squares += worth[p][k] * worth[p][k];
      }
    }
    int n = worth.length * CANDIDATES;
    double mean = sum / n;
    double deviation = Math.sqrt(squares / n - mean * mean);
    for (var list : worth) {
      Arrays.setAll(list, k -> (list[k] - mean) / deviation);
    }
    return worth;
  }

  int[] part(int number) {
    int from = IntStream.of(parts).limit(number).sum();
    return IntStream.range(from, from + parts[number]).toArray();
  }

  /// Mean probability of the best candidate of the lists of a part, and how often it is the most
  /// likely one.
  double[] won(FeaturePolicy policy, int number) {
    var prompts = part(number);
    var table = policy.probabilities(prompts);
    double mass = 0;
    double first = 0;
    for (int i = 0; i < prompts.length; i++) {
      int best = best(gold[prompts[i]]);
      mass += table[i][best] / prompts.length;
      first += best(table[i]) == best ? 1.0 / prompts.length : 0;
    }
    return new double[] {mass, first};
  }

  static int best(double[] values) {
    return IntStream.range(0, values.length)
        .reduce((a, b) -> values[b] > values[a] ? b : a)
        .orElseThrow();
  }
}
