package io.alidade.study;

import io.alidade.world.FeaturePolicy;
import java.util.Arrays;
import java.util.Comparator;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Lists of items whose relevance is linear in their features but for noise.
///
/// @param features `[P][20][32]`
/// @param relevance `[P][20]`, 0 to 2
/// @param rank `[P][20]`, from 1
/// @param train how many of them, from the first, are for training
record GradedLists(double[][][] features, int[][] relevance, int[][] rank, int train) {
  static final int ITEMS = 20;
  static final int FEATURES = 32;
  private static final int MOST = 3; // items of relevance 2
  static final int RELEVANT = 8; // items of relevance 1 or 2

  static GradedLists random(RandomGenerator random, int train, int held) {
    var truth = normal(random, FEATURES, 1 / Math.sqrt(FEATURES));
    var features = new double[train + held][ITEMS][];
    var relevance = new int[train + held][ITEMS];
    var rank = new int[train + held][ITEMS];
    for (int p = 0; p < train + held; p++) {
      var worth = new double[ITEMS];
      for (int i = 0; i < ITEMS; i++) {
        features[p][i] = normal(random, FEATURES, 1);
        worth[i] = 0.5 * random.nextGaussian();
        for (int f = 0; f < FEATURES; f++) {
          worth[i] += truth[f] * features[p][i][f];
        }
      }
      var order = order(worth);
      for (int place = 0; place < ITEMS; place++) {
        relevance[p][order[place]] = place < MOST ? 2 : place < RELEVANT ? 1 : 0;
        rank[p][order[place]] = place + 1;
      }
    }
    return new GradedLists(features, relevance, rank, train);
  }

  /// Normalised discounted gain of the first five of each held-out list, `(2^relevance - 1) /
  /// log2(1 + place)`, mean.
  double ndcg(FeaturePolicy policy) {
    var held = IntStream.range(train, features.length).toArray();
    var scores = policy.logits(held);
    double sum = 0;
    for (int i = 0; i < held.length; i++) {
      var of = relevance[held[i]];
      double ideal = 0;
      double gained = 0;
      var order = order(scores[i]);
      for (int place = 0; place < 5; place++) {
        double discount = Math.log(2) / Math.log(2 + place);
        gained += (Math.pow(2, of[order[place]]) - 1) * discount;
        ideal += (place < MOST ? 3 : 1) * discount;
      }
      sum += gained / ideal;
    }
    return sum / held.length;
  }

  /// Items of a list from the first rank to the last.
  int[] ranked(int list) {
    return order(Arrays.stream(rank[list]).mapToDouble(r -> -r).toArray());
  }

  static double[] normal(RandomGenerator random, int count, double deviation) {
    var values = new double[count];
    Arrays.setAll(values, _ -> deviation * random.nextGaussian());
    return values;
  }

  /// Numbers of the values from the largest to the smallest.
  private static int[] order(double[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -values[i]))
        .mapToInt(i -> i)
        .toArray();
  }
}
