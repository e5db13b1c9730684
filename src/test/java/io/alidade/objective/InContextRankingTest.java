package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static io.alidade.objective.Numbers.tokens;
import static io.alidade.objective.Numbers.value;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// In-context ranking against numbers worked out by hand: a list of items of one token each, and a
/// separator that belongs to none.
class InContextRankingTest {
  private static final double EIGHT = 1e-8;
  private static final ReverseKl KL = new ReverseKl();

  private static Scored list(double[] ratios, double[] relevance, double[] rank) {
    int n = ratios.length;
    var policy = Arrays.copyOf(ratios, n + 1);
    policy[n] = -3;
    var item = new double[n + 1];
    Arrays.setAll(item, i -> i < n ? i : -1);
    return tokens(
        new int[] {1},
        new double[][] {policy},
        new double[][] {new double[n + 1]},
        Map.of(),
        Map.of(
            Signal.perUnit("item"), new double[][] {item},
            Signal.perUnit("relevance"), new double[][] {Arrays.copyOf(relevance, n + 1)},
            Signal.perUnit("rank"), new double[][] {Arrays.copyOf(rank, n + 1)}));
  }

  private static InContextRanking ranking(double beta, boolean normalize) {
    return new InContextRanking(beta, normalize, InContextRanking.Weighting.GAIN);
  }

  @Test
  void inContextRankingByHand() {
    try (var _ = new Step()) {
      var ratios = new double[] {0.5, -0.2, 0.1};
      var relevance = new double[] {2, 1, 0};
      var rank = new double[] {1, 2, 3};
      var three = list(ratios, relevance, rank);
      near(value(ranking(1, true), three), 0.66707641, EIGHT);
      near(value(ranking(1, false), three), 1.08314965, EIGHT);
      var two = list(new double[] {1, 0.5}, new double[] {1, 0}, new double[] {1, 2});
      near(value(ranking(0.1, true), two), 0.33422982, EIGHT);
      near(
          value(ranking(0.1, true), two),
          Sample.pair(1, 0.5, 0.0, 0).value(new Dpo(0.1, KL)) / 2,
          1e-12);
      near(
          value(
              ranking(0.7, true),
              list(new double[5], new double[] {1, 1, 0, 0, 0}, new double[] {1, 2, 3, 4, 5})),
          0.22609487,
          EIGHT);
      // Items with their marks in another order, and all log-ratios shifted.
      near(
          value(
              ranking(1, true),
              list(new double[] {1.1, 1.5, 0.8}, new double[] {0, 2, 1}, new double[] {3, 1, 2})),
          0.66707641,
          EIGHT);
      // The gradient from the competitors' weights q and sigmoid(z).
      var leaf = three.readout(Readout.LOG_LIKELIHOOD);
      var slope =
          Ops.toDoubles(Grad.of(ranking(1, true).loss(three).value(), List.of(leaf)).getFirst());
      near(
          slope[0],
          inContextSlope(ratios, new double[] {3, 1 / (Math.log(3) / Math.log(2)), 0}, 0),
          1e-12);
      near(
          slope[2],
          inContextSlope(ratios, new double[] {3, 1 / (Math.log(3) / Math.log(2)), 0}, 2),
          1e-12);
      near(slope[3], 0, 0); // the separator
      near(
          value(ranking(1, true), list(new double[] {2}, new double[] {1}, new double[] {1})),
          0,
          0);
    }
  }

  /// `(1/n) sum_i w_i sigmoid(z_i) (q_ik - [i = k])`.
  private static double inContextSlope(double[] s, double[] w, int k) {
    int n = s.length;
    double slope = 0;
    for (int i = 0; i < n; i++) {
      double sum = 0;
      for (int j = 0; j < n; j++) {
        sum += j == i ? 0 : Math.exp(s[j]);
      }
      double ratio = sum / (n - 1) / Math.exp(s[i]); // exp(z)
      double pull = ratio / (1 + ratio);
      slope += w[i] * pull * (i == k ? -1 : Math.exp(s[k]) / sum) / n;
    }
    return slope;
  }

  @Test
  void inContextRankingWeighsByMeanOverTokensOfAnItem() {
    try (var _ = new Step()) {
      var batch =
          tokens(
              new int[] {1},
              new double[][] {{-1, -2, -4}},
              new double[][] {{-1.5, -1.5, -3}},
              Map.of(),
              Map.of(
                  Signal.perUnit("item"), new double[][] {{0, 0, 1}},
                  Signal.perUnit("relevance"), new double[][] {{1, 1, 0}},
                  Signal.perUnit("rank"), new double[][] {{1, 1, 2}}));
      // r = (0, -1)
      near(
          value(ranking(1, true), batch),
          Sample.pair(0, -1, 0.0, 0).value(new Dpo(1, KL)) / 2,
          1e-12);
      near(
          value(
              new InContextRanking(1, true, InContextRanking.Weighting.HARMONIC),
              list(new double[3], new double[] {1, 2, 0}, new double[] {1, 2, 3})),
          (1 + 1.5) / 3 * Math.log(2),
          1e-12);
      near(
          value(
              new InContextRanking(1, true, InContextRanking.Weighting.DISCOUNT),
              list(new double[3], new double[] {1, 2, 0}, new double[] {1, 2, 3})),
          (1 + Math.log(2) / Math.log(3) + 0.5) / 3 * Math.log(2),
          1e-12);
    }
  }

  /// Only the first item has a weight, 3: `sigmoid(z) = 0.36846865`, and its rivals share the push
  /// by `q = (0.42555748, 0.57444252)`.
  @Test
  void rivalsShareThePushByTheirScores() {
    try (var _ = new Step()) {
      var batch =
          list(new double[] {0.5, -0.2, 0.1}, new double[] {2, 0, 0}, new double[] {1, 2, 3});
      var leaf = batch.readout(Readout.LOG_LIKELIHOOD);
      var slope =
          Ops.toDoubles(Grad.of(ranking(1, true).loss(batch).value(), List.of(leaf)).getFirst());
      near(slope[0], -0.36846865, EIGHT);
      near(slope[1], 0.36846865 * 0.42555748, EIGHT);
      near(slope[2], 0.36846865 * 0.57444252, EIGHT);
      near(value(ranking(1, true), batch), Math.log1p(Math.exp(-0.53879194)), EIGHT);
    }
  }
}
