package io.alidade.study;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.world.WeightedPairs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// A world of four prompts with six answers each, where the best trade-off of two rewards is known.
///
/// @param reference `[P][A]`, log-probabilities
/// @param one `[P][A]`, the reward that the comparisons express
/// @param two `[P][A]`, the other reward
record TwoRewards(double[][] reference, double[][] one, double[][] two) {
  static final int ANSWERS = 6;
  static final double BETA = 0.5;
  static final Signal REWARD = Signal.perCandidate("reward");

  /// What a policy is worth: expected rewards and KL to the reference, means over prompts.
  record Worth(double one, double two, double kl) {}

  static TwoRewards random(Bench bench) {
    var random = bench.random("world");
    var tables = new double[3][bench.size(4, 1)][ANSWERS];
    for (var table : tables) {
      for (var row : table) {
        Arrays.setAll(row, _ -> random.nextGaussian());
      }
    }
    return new TwoRewards(tables[0], tables[1], tables[2]);
  }

  /// All ordered pairs with the probability that the first is preferred under a reward.
  ///
  /// @param share what all of them are multiplied by
  List<Group> comparisons(double[][] reward, double share) {
    var groups = new ArrayList<Group>();
    for (int p = 0; p < reward.length; p++) {
      for (int i = 0; i < ANSWERS; i++) {
        for (int j = 0; j < ANSWERS; j++) {
          if (i != j) {
            double sure = 1 / (1 + Math.exp(reward[p][j] - reward[p][i]));
            groups.add(
                new Group(
                    new Example.Row("world", groups.size()),
                    new int[] {p},
                    List.of(Completion.of(i), Completion.of(j)),
                    Map.of(
                        WeightedPairs.WEIGHT,
                        new double[] {share * sure},
                        REWARD,
                        new double[] {two[p][i], two[p][j]})));
          }
        }
      }
    }
    return groups;
  }

  /// Log-probabilities of the reference moved by a multiple of some tilt, `[P][A]`.
  double[][] tilted(double[][] tilt, double times) {
    var log = new double[reference.length][ANSWERS];
    for (int p = 0; p < log.length; p++) {
      int at = p;
      Arrays.setAll(log[p], a -> reference[at][a] + times * tilt[at][a]);
      double normaliser = Math.log(Arrays.stream(log[p]).map(Math::exp).sum());
      Arrays.setAll(log[p], a -> log[at][a] - normaliser);
    }
    return log;
  }

  /// Log-probabilities of the reference.
  double[][] start() {
    return tilted(reference, 0);
  }

  /// What keeps a policy from the reference, `[P][A]`.
  double[][] tilt(double[][] log) {
    var tilt = new double[log.length][ANSWERS];
    for (int p = 0; p < tilt.length; p++) {
      int at = p;
      Arrays.setAll(tilt[p], a -> log[at][a] - reference[at][a]);
    }
    return tilt;
  }

  Worth worth(double[][] log) {
    var start = start();
    double first = 0;
    double second = 0;
    double kl = 0;
    for (int p = 0; p < log.length; p++) {
      for (int a = 0; a < ANSWERS; a++) {
        double probability = Math.exp(log[p][a]) / log.length;
        first += probability * one[p][a];
        second += probability * two[p][a];
        kl += probability * (log[p][a] - start[p][a]);
      }
    }
    return new Worth(first, second, kl);
  }

  /// The policy on the line from the reference through `log` whose KL is this.
  double[][] atKl(double[][] log, double kl) {
    var tilt = tilt(log);
    double low = 0;
    double high = 64;
    for (int i = 0; i < 60; i++) {
      double middle = (low + high) / 2;
      if (worth(tilted(tilt, middle)).kl < kl) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return tilted(tilt, low);
  }

  /// The largest total variation over prompts to `reference * exp((w r1 + (1 - w) r2) / beta)`.
  double distance(double[][] log, double w) {
    var sum = new double[one.length][ANSWERS];
    for (int p = 0; p < sum.length; p++) {
      int at = p;
      Arrays.setAll(sum[p], a -> (w * one[at][a] + (1 - w) * two[at][a]) / BETA);
    }
    var best = tilted(sum, 1);
    double largest = 0;
    for (int p = 0; p < sum.length; p++) {
      int at = p;
      double away =
          IntStream.range(0, ANSWERS)
              .mapToDouble(a -> Math.abs(Math.exp(log[at][a]) - Math.exp(best[at][a])))
              .sum();
      largest = Math.max(largest, away / 2);
    }
    return largest;
  }
}
