package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Objectives of single papers, against numbers worked out by hand and the identities they claim.
class PaperTest {
  private static final double SIX = 1e-6;
  private static final double EIGHT = 1e-8;
  private static final ReverseKl KL = new ReverseKl();

  private static void near(double actual, double expected, double tolerance) {
    assertThat(actual).isCloseTo(expected, within(tolerance));
  }

  static double value(Objective objective, Scored batch) {
    return Ops.number(objective.loss(batch).value());
  }

  /// A batch from log-likelihoods token by token.
  static Scored tokens(
      int[] sizes,
      double[][] policy,
      double[][] reference,
      Map<Signal, double[]> perGroupOrCandidate,
      Map<Signal, double[][]> perToken) {
    var signals = new HashMap<Signal, Tensor>();
    perGroupOrCandidate.forEach((signal, v) -> signals.put(signal, Ops.doubles(v, v.length)));
    perToken.forEach((signal, v) -> signals.put(signal, table(v)));
    var mask = new double[policy.length][];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = new double[policy[i].length];
      Arrays.fill(mask[i], 1);
    }
    return new Scored(
        sizes,
        table(mask),
        Map.of(Readout.LOG_LIKELIHOOD, Grad.leaf(table(policy))),
        Optional.of(table(reference)),
        signals,
        Map.of());
  }

  private static Tensor table(double[][] rows) {
    int columns = Arrays.stream(rows).mapToInt(r -> r.length).max().orElse(1);
    var flat = new double[rows.length * columns];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, flat, i * columns, rows[i].length);
    }
    return Ops.doubles(flat, rows.length, columns);
  }

  // In-context ranking: a list of items of one token each, and a separator that belongs to none.

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

  // Several objectives.

  @Test
  void multiObjectiveByHand() {
    try (var _ = new Step()) {
      var other = Signal.perCandidate("other");
      var pair = Sample.pair(-10, -12, -11, -11.5).with(other, 0.2, 0.5);
      var half = new Modpo(0.1, 0.5, Map.of("other", 0.5));
      near(pair.value(half), 0.43748795, EIGHT);
      near(pair.gradient(half)[0], -0.07086874, EIGHT);
      near(pair.value(new Modpo(0.1, 1, Map.of("other", 0.0))), 0.62095705, EIGHT);
      near(pair.value(new Modpo(0.1, 1, Map.of())), pair.value(new Dpo(0.1, KL)), 1e-12);
      var three = new Modpo(0.1, 0.2, Map.of("a", 0.5, "b", 0.3));
      near(
          Sample.pair(-10, -12, -11, -11.5)
              .with(Signal.perCandidate("a"), 0.2, 0.5)
              .with(Signal.perCandidate("b"), -1, 0.4)
              .value(three),
          0.02695709,
          EIGHT);
      near(pair.with(other, 7.2, 7.5).value(half), pair.value(half), 1e-12);
      near(pair.with(other, 3, 3).value(half), pair.value(new Dpo(0.2, KL)), 1e-12);
    }
  }

  /// At the policy that maximises the weighted sum of rewards under the constraint, the mean
  /// gradient over all pairs, labelled by the first reward, vanishes.
  @ParameterizedTest
  @CsvSource({"0.2", "0.5", "0.8"})
  void multiObjectiveOptimum(double w) {
    double[] first = {0.3, -1, 0.8, 1.5, -0.2, 0};
    double[] second = {-0.4, 1.1, 0.2, -1.3, 0.9, 0.5};
    double[] reference = {-1, -2, -1.5, -3, -2.2, -1.7};
    double beta = 0.5;
    var objective = new Modpo(beta, w, Map.of("second", 1 - w));
    var slope = new double[6];
    double largest = 0;
    for (int i = 0; i < 6; i++) {
      for (int j = 0; j < 6; j++) {
        if (i == j) {
          continue;
        }
        double wins = 1 / (1 + Math.exp(first[j] - first[i]));
        try (var _ = new Step()) {
          var g =
              Sample.pair(
                      reference[i] + (w * first[i] + (1 - w) * second[i]) / beta,
                      reference[j] + (w * first[j] + (1 - w) * second[j]) / beta,
                      reference[i],
                      reference[j])
                  .with(Signal.perCandidate("second"), second[i], second[j])
                  .gradient(objective);
          slope[i] += wins * g[0];
          slope[j] += wins * g[1];
          largest = Math.max(largest, Math.abs(g[0]));
        }
      }
    }
    assertThat(largest).isGreaterThan(0.01);
    for (double s : slope) {
      near(s, 0, 1e-12);
    }
  }

  // Anchored lists.

  @Test
  void anchoredByHand() {
    try (var _ = new Step()) {
      var preference = Signal.perGroup("p_pref");
      var pair = new AnchoredDpo(10, new PairTarget(), 0, false);
      var sample = Sample.pair(-12, -15, -13, -14, 6, 8);
      near(sample.with(preference, 1).value(pair), 0.598139, SIX);
      near(sample.with(preference, 0.8).value(pair), 0.638139, SIX);
      near(sample.with(preference, 0.8).value(pair), sample.value(new Cdpo(0.1, 0.2, KL)), 1e-12);
      near(sample.with(preference, 1).value(pair), sample.value(new Dpo(0.1, KL)), 1e-12);
      near(
          sample.with(preference, 1).value(new AnchoredDpo(10, new PairTarget(), 0.4, false)),
          sample.value(new Cdpo(0.1, 0.2, KL)),
          1e-12);
      near(
          sample.with(preference, 1).value(new AnchoredDpo(10, new PairTarget(), 0, true)),
          sample.value(new SigmoidNorm(0.1, KL)),
          1e-12);

      var list =
          Sample.of(
                  new int[] {4},
                  new double[] {-10, -12, -11, -15},
                  Optional.of(new double[] {-11, -11.5, -11, -14}),
                  new double[] {1, 1, 1, 1},
                  Map.of(),
                  Map.of())
              .with(Signal.perCandidate("score"), 1, 0, 0, 1);
      var target = new ScoreTarget(0.5, true);
      Golden.close(
          "q",
          target.probabilities(list.batch()).view(-1),
          new double[] {0.484824, 0.015176, 0.015176, 0.484824},
          1e-4);
      near(list.value(new AnchoredDpo(1, target, 0, false)), 1.553594, SIX);
      near(list.value(new AnchoredDpo(0.8, target, 0, false)), 1.679474, SIX);
      // A teacher's probabilities; at the anchor every list of four costs ln 4.
      var same =
          Sample.of(
                  new int[] {4},
                  new double[] {-1, -2, -3, -4},
                  Optional.of(new double[] {4, 3, 2, 1}),
                  new double[] {1, 1, 1, 1},
                  Map.of(),
                  Map.of())
              .with(Signal.perCandidate("target"), 0.1, 0.2, 0.3, 0.4);
      var given = new AnchoredDpo(2, new GivenTarget(), 0, false);
      near(same.value(given), Math.log(4), 1e-12);
      var slope = same.gradient(given);
      for (int i = 0; i < 4; i++) {
        near(slope[i], (0.25 - (i + 1) / 10.0) / 2, 1e-12);
      }
      // Equal scores pull to the anchor.
      var flat = same.with(Signal.perCandidate("score"), 3, 3, 3, 3);
      for (double s : flat.gradient(new AnchoredDpo(1, target, 0, false))) {
        near(s, 0, 1e-12);
      }
    }
  }

  // Margins of a reward model.

  @ParameterizedTest
  @CsvSource({
    "2,0.5,1,2,1,0.2,1.364175,1.089430,0.651631",
    "2,0.5,1,2,-1,0.2,1.364175,0.756903,0.452733",
    "2,0.5,1,2,5,0.2,0.536433,0.942273,0.563610",
    "2,0.5,1,2,-3,0.2,0.733044,1,0.598139",
    "4,0.25,1,7,1,-0.3,3.963184,1.342371,1.146862"
  })
  void marginAdaptiveByHand(
      double cMax,
      double cMin,
      double lambda,
      double tau,
      double h,
      double z,
      double c,
      double w,
      double loss) {
    try (var _ = new Step()) {
      var objective = new MarginAdaptiveDpo(0.1, cMax, cMin, lambda, tau, KL);
      var sample = Sample.pair(z / 0.1, 0, 0.0, 0).with(Signal.perGroup("rm_margin"), h);
      near(sample.value(objective), loss, SIX);
      var result = objective.loss(sample.batch());
      Golden.metric("madpo", result, "madpo/weight_mean", w, 1e-5);
      double direct =
          cMin
              + (cMax - cMin)
                  / (1 + (cMax - 1) / (1 - cMin) * Math.exp(lambda * (Math.abs(h) - tau)));
      near(direct, c, SIX);
      Golden.metric("madpo", result, "madpo/c_mean", direct, 1e-12);
    }
  }

  @Test
  void marginAdaptiveIdentities() {
    try (var _ = new Step()) {
      var objective = new MarginAdaptiveDpo(0.1, 2, 0.5, 1, 2, KL);
      var signal = Signal.perGroup("rm_margin");
      var sample = Sample.pair(2, 0, 0.0, 0);
      double dpo = sample.value(new Dpo(0.1, KL));
      near(sample.with(signal, 0).value(objective), dpo, 1e-12);
      near(sample.with(signal, 2).value(objective), dpo, 1e-12);
      double one = sample.with(signal, 1.3).value(objective) / dpo;
      double other = sample.with(signal, -1.3).value(objective) / dpo;
      double p = 1 / (1 + Math.exp(-1.3));
      near(one * p + other * (1 - p), 1, 1e-12);
      near(
          sample.with(signal, 1.3).value(new MarginAdaptiveDpo(0.1, 1.000001, 0.999999, 1, 2, KL)),
          dpo,
          1e-6);
    }
  }

  // Preference trees.

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

  // Token weights and barrier.

  private static Scored structured(double[] chosen, double[] weights) {
    return tokens(
        new int[] {2},
        new double[][] {chosen, {-.02, -.05, -1.3, -.01}},
        new double[][] {{-.02, -.04, -1.0, -.01}, {-.02, -.04, -1.1, -.01}},
        Map.of(),
        Map.of(Signal.perUnit("token_weight"), new double[][] {weights, weights}));
  }

  @Test
  void tokenBarrierByHand() {
    try (var _ = new Step()) {
      var tab = new TabPo(0.5, 0.66, 0.5);
      var first = new double[] {-.02, -.05, -.9, -.01};
      var ones = new double[] {1, 1, 1, 1};
      var heavier = new double[] {1, 1, 1.44, 1};
      near(value(tab, structured(first, ones)), 1.124573, SIX);
      near(value(tab, structured(first, heavier)), 1.119119, SIX);
      near(value(tab, structured(first, new double[] {3, 3, 4.32, 3})), 1.119119, SIX);
      var third = structured(new double[] {-.1, -.2, -.3, -.05}, heavier);
      near(value(tab, third), 0.637045, SIX);
      Golden.metric("tab", tab.loss(third), "loss/barrier", 0, 0);
      near(
          value(new TabPo(0.5, 0.66, 0), structured(first, ones)),
          value(new SigmoidNorm(0.5, KL), structured(first, ones)),
          1e-12);
    }
  }

  // Weighted entropy and dynamic labels.

  @Test
  void dynamicLabelsByHand() {
    try (var _ = new Step()) {
      var label = Signal.perGroup("dynamic_label");
      var one = Sample.alone(-12, -30, 10, 20).with(label, 1);
      near(one.value(power(2, 0.001, 0)), 0.405586, SIX);
      near(one.with(label, 0.9).value(power(2, 0.001, 0)), 0.475586, SIX);
      var two = Sample.alone(-40, -8, 20, 10).with(label, 1);
      near(two.value(power(10, 0.0005, 0)), 12.510004, SIX);
      double state = 1;
      for (double expected : new double[] {0.900000, 0.810001, 0.729001}) {
        var loss = power(10, 0.0005, 0.1).loss(two.with(label, state).batch());
        state = loss.labels().getOrDefault(label, new double[1])[0];
        near(state, expected, SIX);
      }
      // A label that the model agrees with has no gradient; eta adds its own.
      double m = 2 * (-1.2 + 1.5 + 0.1 - 0.05);
      var settled = one.with(label, 1 / (1 + Math.exp(-m)));
      near(settled.gradient(power(2, 0, 0.3))[0], 0, 1e-12);
      near(settled.gradient(power(2, 0.01, 0.3))[0], -0.01 * 2 / 10, 1e-12);
      // Weights of one, no pessimism, fixed labels: a uniform reference.
      near(
          one.value(new PowerDl(0.3, 0, 0, PowerDl.Weight.ONE, PowerDl.Refresh.BEFORE)),
          one.value(new ReferenceFree(new Dpo(0.3, KL))),
          1e-12);
      // Equal lengths: SimPO without margin.
      var equal = Sample.alone(-3, -7, 4, 4).with(label, 1);
      near(equal.value(power(2, 0, 0)), equal.value(new SimPo(2, 0, 0)), 1e-12);
    }
  }

  private static PowerDl power(double beta, double eta, double gamma) {
    return new PowerDl(beta, eta, gamma, PowerDl.Weight.INVERSE_LENGTH, PowerDl.Refresh.BEFORE);
  }

  // Fine-tuning with an implicit reward.

  /// Vocabulary of three, two tokens (0 and 1).
  private static Scored demonstration() {
    double[][] policy = {{1, 0, -1}, {0.5, 0.5, 0}};
    double[][] base = {{0.5, 0, 0}, {0, 0.5, 0}};
    var y = new int[] {0, 1};
    var readings = new double[4][2];
    for (int t = 0; t < 2; t++) {
      double z = Math.log(Arrays.stream(policy[t]).map(Math::exp).sum());
      double zBase = Math.log(Arrays.stream(base[t]).map(Math::exp).sum());
      readings[0][t] = policy[t][y[t]] - z;
      readings[1][t] = z;
      readings[2][t] = base[t][y[t]] - zBase;
      readings[3][t] = zBase;
    }
    return new Scored(
        new int[] {1},
        Ops.doubles(new double[] {1, 1}, 1, 2),
        Map.of(
            Readout.LOG_LIKELIHOOD,
            Grad.leaf(Ops.doubles(readings[0], 1, 2)),
            Readout.LOG_NORMALIZER,
            Grad.leaf(Ops.doubles(readings[1], 1, 2))),
        Map.of(
            Readout.LOG_LIKELIHOOD, Ops.doubles(readings[2], 1, 2),
            Readout.LOG_NORMALIZER, Ops.doubles(readings[3], 1, 2)),
        Map.of(),
        Map.of());
  }

  @ParameterizedTest
  @CsvSource({
    "1,CHI2,0.194844",
    "1,HELLINGER,0.138468",
    "1,JS,0.138021",
    "0.5,CHI2,0.104493",
    "0.5,HELLINGER,0.087352",
    "0.5,JS,0.087310"
  })
  void implicitRewardByHand(double beta, ImplicitRewardSft.Shape shape, double gain) {
    try (var _ = new Step()) {
      // The loss is the gain of the sequence, over two tokens and beta.
      near(-value(new ImplicitRewardSft(beta, shape), demonstration()) * 2 * beta, gain, SIX);
    }
  }

  @ParameterizedTest
  @CsvSource({"CHI2,0.210681", "HELLINGER,0.182424", "JS,0.182311"})
  void implicitRewardOfASequenceByHand(ImplicitRewardSft.Shape shape, double gain) {
    try (var _ = new Step()) {
      near(-value(new ImplicitRewardSequenceSft(1, shape), demonstration()), gain, SIX);
    }
  }

  @ParameterizedTest
  @CsvSource({"CHI2", "HELLINGER", "JS", "RKL"})
  void implicitRewardStartsAsFineTuning(ImplicitRewardSft.Shape shape) {
    try (var _ = new Step()) {
      var base = demonstration();
      var likelihood = Grad.leaf(base.reference().units());
      var normalizer = Grad.leaf(base.referenceReadout(Readout.LOG_NORMALIZER));
      var batch =
          new Scored(
              new int[] {1},
              base.mask(),
              Map.of(Readout.LOG_LIKELIHOOD, likelihood, Readout.LOG_NORMALIZER, normalizer),
              Map.of(
                  Readout.LOG_LIKELIHOOD, base.reference().units(),
                  Readout.LOG_NORMALIZER, base.referenceReadout(Readout.LOG_NORMALIZER)),
              Map.of(),
              Map.of());
      var loss = new ImplicitRewardSft(0.7, shape).loss(batch).value();
      near(Ops.number(loss), 0, 1e-15);
      var slopes = Grad.of(loss, List.of(likelihood, normalizer));
      Golden.close("likelihood", slopes.get(0).view(-1), new double[] {-0.5, -0.5}, 1e-12);
      Golden.close("normalizer", slopes.get(1).view(-1), new double[] {0, 0}, 1e-12);
      // Each phi goes through 0 with slope 1 and is continuous where it turns linear.
      for (double at : new double[] {-3, -0.5}) {
        var around = Ops.doubles(new double[] {at - 1e-9, at + 1e-9}, 2);
        var phi = Ops.toDoubles(shape.phi(around));
        near(phi[0], phi[1], 1e-6);
      }
    }
  }

  @Test
  void missingSignalsAreNamed() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-1, -2, -1, -2);
      assertThatThrownBy(() -> sample.value(new MarginAdaptiveDpo(0.1, 2, 0.5, 1, 2, KL)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("signal 'rm_margin' was not declared in needs()");
      assertThatThrownBy(() -> Sample.alone(-1, -2, 1, 1).value(new Dpo(0.1, KL)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the reference was not declared in needs()");
    }
  }
}
