package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static io.alidade.objective.Numbers.tokens;
import static io.alidade.objective.Numbers.value;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Preference trees against numbers worked out by hand.
class TreePreferenceTest {
  private static final double EIGHT = 1e-8;
  private static final ReverseKl KL = new ReverseKl();

  static Scored tree(double[][] stepRewards, double[] values, double[][][] embeddings) {
    var step = new double[stepRewards.length][];
    for (int i = 0; i < step.length; i++) {
      step[i] = new double[stepRewards[i].length];
      Arrays.setAll(step[i], k -> k + 1);
    }
    var zeros = new double[stepRewards.length][];
    Arrays.setAll(zeros, i -> new double[stepRewards[i].length]);
    var plain =
        tokens(
            new int[] {values.length},
            stepRewards,
            zeros,
            Map.of(Signal.perCandidate("value"), values),
            Map.of(Signal.perUnit("step"), step));
    if (embeddings.length == 0) {
      return plain;
    }
    int units = embeddings[0].length;
    int width = embeddings[0][0].length;
    var flat =
        Arrays.stream(embeddings).flatMap(Arrays::stream).flatMapToDouble(Arrays::stream).toArray();
    return new Scored(
        plain.sizes(),
        plain.mask(),
        Map.of(
            Readout.LOG_LIKELIHOOD,
            plain.readout(Readout.LOG_LIKELIHOOD),
            Readout.HIDDEN,
            Ops.doubles(flat, embeddings.length, units, width)),
        Optional.of(plain.reference().units()),
        Map.of(
            Signal.perCandidate("value"), plain.signal(Signal.perCandidate("value")),
            Signal.perUnit("step"), plain.signal(Signal.perUnit("step"))),
        Map.of());
  }

  @Test
  void treesByHand() {
    try (var _ = new Step()) {
      var plain = new TreePreference(1, false, false);
      near(
          value(
              plain,
              tree(
                  new double[][] {{0.2}, {0.5}, {-0.3}},
                  new double[] {1, 0.6, 0.1},
                  new double[][][] {})),
          0.29269239,
          EIGHT);
      // In any order, and split over steps.
      near(
          value(
              plain,
              tree(
                  new double[][] {{-0.4, 0.1}, {0.5, -0.3}, {0.2, 0.3}},
                  new double[] {0.1, 1, 0.6},
                  new double[][][] {})),
          0.29269239,
          EIGHT);
      var two = tree(new double[][] {{0.4}, {0}}, new double[] {1, 0}, new double[][][] {});
      near(value(plain, two), 0.18933867, EIGHT);
      double lambda = 1 - Math.log(2) / Math.log(3);
      near(lambda, 0.36907025, EIGHT);
      near(
          value(new TreePreference(0.3, false, false), two),
          lambda * Sample.pair(0.4, 0, 0.0, 0).value(new Dpo(0.3, KL)),
          1e-12);
      near(
          value(
              plain, tree(new double[][] {{1}, {2}}, new double[] {0.5, 0.5}, new double[][][] {})),
          0,
          0);
      // Likeness of steps: W = (2, 1, 0), so the margin is 0.9, or 0.3 normalised.
      var alike =
          tree(
              new double[][] {{0.2, 0.5, -0.1}, {0, 0, 0}},
              new double[] {1, 0},
              new double[][][] {{{1, 0}, {1, 0}, {1, 0}}, {{1, 0}, {0, 1}, {-1, 0}}});
      near(value(new TreePreference(1, true, false), alike), lambda * 0.34115387, EIGHT);
      near(
          value(new TreePreference(1, true, true), alike),
          lambda * Math.log1p(Math.exp(-0.3)),
          1e-12);
      // A step more than the other answer has is folded into the last common one.
      near(
          value(
              plain,
              tree(
                  new double[][] {{0.1, 0.2, 0.3}, {0.2}},
                  new double[] {1, 0},
                  new double[][][] {})),
          lambda * Math.log1p(Math.exp(-0.4)),
          1e-12);
    }
  }

  @Test
  void stepsThatAnswersShareDoNotCount() {
    try (var _ = new Step()) {
      var tree = new TreePreference(0.5, false, false);
      var values = new double[] {1, 0.5, 0};
      var plain = new double[][] {{0.2, -0.1}, {0.5, 0.3}, {-0.3, 0.1}};
      var shared = new double[][] {{7, 0.2, -0.1}, {7, 0.5, 0.3}, {7, -0.3, 0.1}};
      near(
          value(tree, tree(shared, values, new double[][][] {})),
          value(tree, tree(plain, values, new double[][][] {})),
          1e-12);
    }
  }

  /// Ranks 2, 1 and 3 of the rewards 0.2, 0.5 and -0.3: each pair's weight, from the slope of the
  /// loss at a pair of its own.
  @Test
  void pairsWeighByValueAndRank() {
    double[] value = {1, 0.6, 0.1};
    int[] rank = {2, 1, 3};
    double[] wanted = {0.17873461, 0.12153247, 0.22197155};
    double[] rewards = {0.2, 0.5, -0.3};
    int at = 0;
    double loss = 0;
    for (int i = 0; i < 3; i++) {
      for (int j = i + 1; j < 3; j++) {
        double lambda =
            Math.abs(Math.pow(2, value[i]) - Math.pow(2, value[j]))
                * Math.abs(
                    Math.log(2) / Math.log(1 + rank[i]) - Math.log(2) / Math.log(1 + rank[j]));
        near(lambda, wanted[at++], EIGHT);
        loss += lambda * Math.log1p(Math.exp(rewards[j] - rewards[i]));
      }
    }
    try (var _ = new Step()) {
      near(
          value(
              new TreePreference(1, false, false),
              tree(new double[][] {{0.2}, {0.5}, {-0.3}}, value, new double[][][] {})),
          loss,
          1e-12);
    }
  }

  /// Answers that part at their last step: only that step's weight and rewards count.
  @Test
  void stepsThatAreIdenticalLeaveTheLastOne() {
    try (var _ = new Step()) {
      var batch =
          tree(
              new double[][] {{0.4, -0.2, 0.7}, {0.4, -0.2, 0.1}},
              new double[] {1, 0},
              new double[][][] {{{1, 0}, {0, 1}, {1, 0}}, {{1, 0}, {0, 1}, {3, 4}}});
      double lambda = 1 - Math.log(2) / Math.log(3);
      double weight = 1 + 0.6; // the last steps' cosine is 3/5
      near(
          value(new TreePreference(1, true, false), batch),
          lambda * Math.log1p(Math.exp(-weight * (0.7 - 0.1))),
          1e-12);
    }
  }
}
