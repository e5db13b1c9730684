package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Consistency-aware policy optimization, against numbers worked out by hand.
class CopoTest {
  private static final ConsistencyAware PLAIN = new ConsistencyAware(false);
  private static final ConsistencyAware FACTOR = new ConsistencyAware(true);

  private static Copo copo(Copo.Blend blend, double k, double b) {
    return new Copo(blend, k, b, 0.2, 0.2, 3, 0, new OverSequences(), false);
  }

  /// Groups of answers of one token each.
  ///
  /// @param ratios of policy to the one that drew
  private static Scored batch(
      int[] sizes,
      double[] ratios,
      double[] local,
      double[] global,
      double[] entropy,
      double[] reward) {
    int n = ratios.length;
    var old = new double[n];
    var logps = new double[n];
    for (int i = 0; i < n; i++) {
      old[i] = -2;
      logps[i] = -2 + Math.log(ratios[i]);
    }
    var signals = new HashMap<Signal, Tensor>();
    signals.put(Copo.ADVANTAGE, Ops.doubles(local, n));
    signals.put(Copo.GLOBAL, Ops.doubles(global, n));
    signals.put(Copo.ENTROPY, Ops.doubles(entropy, sizes.length));
    signals.put(Copo.REWARD, Ops.doubles(reward, n));
    signals.put(Copo.OLD, Ops.doubles(old, n, 1));
    return new Scored(
        sizes,
        Ops.doubles(ones(n), n, 1),
        Map.of(Readout.LOG_LIKELIHOOD, Grad.leaf(Ops.doubles(logps, n, 1))),
        Optional.empty(),
        signals,
        Map.of());
  }

  private static double[] ones(int count) {
    var ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  private static double value(Objective objective, Scored batch) {
    return Ops.number(objective.loss(batch).value());
  }

  private static double[] gradient(Objective objective, Scored batch) {
    return Ops.toDoubles(
        Grad.of(objective.loss(batch).value(), List.of(batch.policy().units()))
            .getFirst()
            .flatten());
  }

  private static double[] signal(Map<Signal, double[][]> signals, Signal signal, int group) {
    return Objects.requireNonNull(signals.get(signal))[group];
  }

  /// Three answers each of two kinds; six kinds; one kind.
  @ParameterizedTest
  @CsvSource({
    "'0,0,0,1,1,1', 1, 0.67762266, 0.5",
    "'0,1,2,3,4,5', 2.58496250, 0.16666667, 0.99963847",
    "'0,0,0,0,0,0', 0, 1, 0.00669285"
  })
  void theMoreTheAnswersDifferTheMoreTheOwnAdvantageCounts(
      String answers, double entropy, double factor, double weight) {
    var classes = Arrays.stream(answers.split(",")).mapToInt(Integer::parseInt).toArray();
    var rewards = new double[] {1, 0, 0, 0, 0, 0};
    double found = ConsistencyAware.entropy(rewards, classes);
    assertThat(found).isCloseTo(entropy, within(1e-8));
    assertThat(FACTOR.factor(found, 6)).isCloseTo(factor, within(1e-8));
    assertThat(PLAIN.factor(found, 6)).isEqualTo(1);
    try (var _ = new Step()) {
      var batch =
          batch(new int[] {1}, ones(1), ones(1), ones(1), new double[] {found}, new double[] {1});
      assertThat(Ops.toDoubles(copo(Copo.Blend.SOFT, 5, 1).weight(batch))[0])
          .isCloseTo(weight, within(1e-8));
    }
  }

  @Test
  void aSteeperWeightIsNearlyASwitch() {
    try (var _ = new Step()) {
      var batch =
          batch(new int[] {1}, ones(1), ones(1), ones(1), new double[] {1}, new double[] {1});
      assertThat(Ops.toDoubles(copo(Copo.Blend.SOFT, 20, 1.5).weight(batch))[0])
          .isCloseTo(4.53979e-5, within(1e-10));
    }
  }

  @Test
  void promptsHaveAnAdvantageAmongPrompts() {
    double[][] rewards = {
      {1, 1, 1, 1, 1, 1}, {1, 1, 1, 0, 0, 0}, {1, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}
    };
    int[][] answers = {
      {0, 0, 0, 0, 0, 0}, {0, 0, 0, 3, 3, 3}, {0, 1, 2, 3, 4, 5}, {0, 0, 0, 0, 0, 0}
    };
    var further = PLAIN.further(rewards, answers);
    double[] expected = {1.32287266, 0.18898181, -0.56694542, -0.94490904};
    for (int q = 0; q < 4; q++) {
      assertThat(signal(further, Copo.GLOBAL, q))
          .hasSize(6)
          .containsOnly(new double[] {expected[q]}, within(1e-8));
    }
    var own =
        PLAIN.of(
            Arrays.stream(rewards)
                .map(g -> Arrays.stream(g).mapToObj(r -> new double[] {r}).toArray(double[][]::new))
                .toArray(double[][][]::new),
            1);
    assertThat(own[1])
        .containsExactly(
            new double[] {
              0.91286926, 0.91286926, 0.91286926, -0.91286926, -0.91286926, -0.91286926
            },
            within(1e-8));
    assertThat(own[0]).containsOnly(0);
    assertThat(own[3]).containsOnly(0);
    var reduced = FACTOR.further(rewards, answers);
    // R = 1, 0.33881133, 0.02777778, 0 with the factor
    double mean = (1 + 0.33881133 + 0.02777778) / 4;
    double deviation =
        Math.sqrt((sq(1 - mean) + sq(0.33881133 - mean) + sq(0.02777778 - mean) + sq(mean)) / 3);
    assertThat(signal(reduced, Copo.GLOBAL, 1)[0])
        .isCloseTo((0.33881133 - mean) / (deviation + 1e-6), within(1e-7));
  }

  private static double sq(double value) {
    return value * value;
  }

  /// One prompt alone, prompts that earned the same, and rewards that are missing.
  @Test
  void whereNothingDiffersNothingIsAdvantageous() {
    double[][] one = {{1, 0, 1}};
    assertThat(signal(PLAIN.further(one, new int[][] {{0, 1, 0}}), Copo.GLOBAL, 0)).containsOnly(0);
    double[][] same = {{0.1, 0.1, 0.1}, {0.1, 0.1, 0.1}, {0.1, 0.1, 0.1}};
    var further = PLAIN.further(same, new int[3][3]);
    for (int q = 0; q < 3; q++) {
      assertThat(signal(further, Copo.GLOBAL, q)).containsOnly(0);
    }
    double nan = Double.NaN;
    double[][] lost = {{1, nan, 0}, {nan, nan, nan}, {nan, 1, nan}};
    var left = PLAIN.further(lost, new int[][] {{0, 1, 2}, {0, 1, 2}, {0, 1, 2}});
    assertThat(signal(left, Copo.GLOBAL, 1)).containsOnly(0);
    assertThat(signal(left, Copo.GLOBAL, 0)[1]).isZero();
    assertThat(signal(left, Copo.ENTROPY, 0)).containsExactly(1);
    assertThat(signal(left, Copo.ENTROPY, 1)).containsExactly(0);
    assertThat(signal(left, Copo.REWARD, 0)).containsExactly(1, 0, 0);
    var own = PLAIN.of(new double[][][] {{{nan}, {1}, {nan}}, {{nan}, {nan}, {nan}}}, 1);
    assertThat(own[0]).containsExactly(0, 1, 0); // alone: its reward
    assertThat(own[1]).containsExactly(0, 0, 0);
  }

  @ParameterizedTest
  @CsvSource({"1, 1.3, -1.2", "1, 0.7, -0.7", "-1, 0.7, 0.8", "-1, 4, 3"})
  void ratiosAreClippedOnBothSidesAndLossesBounded(double advantage, double ratio, double loss) {
    try (var _ = new Step()) {
      var batch =
          batch(
              new int[] {1},
              new double[] {ratio},
              new double[] {advantage},
              new double[1],
              new double[1],
              new double[1]);
      assertThat(value(copo(Copo.Blend.NONE, 5, 1), batch)).isCloseTo(loss, within(1e-12));
    }
  }

  @Test
  void bothLossesAreBlended() {
    try (var _ = new Step()) {
      var batch =
          batch(
              new int[] {1},
              new double[] {1.1},
              new double[] {0.91286926},
              new double[] {-0.56694542},
              new double[] {1}, // w = 1/2
              new double[] {1});
      assertThat(value(copo(Copo.Blend.SOFT, 5, 1), batch)).isCloseTo(-0.19025811, within(1e-8));
    }
  }

  /// Two prompts: all answers right, and two of three.
  @ParameterizedTest
  @EnumSource(Copo.Blend.class)
  void aPromptWithoutDifferencesIsLearntFromByTheGlobalAdvantageAlone(Copo.Blend blend) {
    try (var _ = new Step()) {
      var batch =
          batch(
              new int[] {3, 3},
              ones(6),
              new double[] {0, 0, 0, 0.5, 0.5, -1},
              new double[] {0.7, 0.7, 0.7, -0.7, -0.7, -0.7},
              new double[] {0, 0.9182958},
              new double[] {1, 1, 1, 1, 1, 0});
      double w0 = 1 / (1 + Math.exp(5));
      double w1 = 1 / (1 + Math.exp(-5 * (0.9182958 - 1)));
      double[] weights =
          switch (blend) {
            case SOFT -> new double[] {w0, w0, w0, w1, w1, w1};
            case SOFT_WITH_FORCED -> new double[] {0, 0, 0, w1, w1, w1};
            case SOFT_WITH_ZERO -> new double[] {w0, w0, w0, w1, w1, 0};
            case ONLY_FORCED -> new double[] {0, 0, 0, 1, 1, 1};
            case ONLY_ZERO -> new double[] {1, 1, 1, 1, 1, 0};
            case ONLY_GLOBAL -> new double[6];
            case NONE -> ones(6);
          };
      double[] local = {0, 0, 0, 0.5, 0.5, -1};
      var expected = new double[6];
      for (int i = 0; i < 6; i++) {
        double global = i < 3 ? 0.7 : -0.7;
        expected[i] = -(weights[i] * local[i] + (1 - weights[i]) * global) / 6;
      }
      assertThat(gradient(copo(blend, 5, 1), batch)).containsExactly(expected, within(1e-12));
    }
  }

  @Test
  void withoutTheBlendItIsGrpo() {
    try (var _ = new Step()) {
      var batch =
          batch(
              new int[] {2, 3},
              new double[] {0.9, 1.1, 1.3, 0.7, 1},
              new double[] {1, -1, 0.5, -1.5, 1},
              new double[] {9, 9, -9, -9, -9},
              new double[] {1, 1.5},
              ones(5));
      var grpo =
          new Grpo(
              0, 0.2, 0.2, Optional.empty(), Grpo.Level.TOKEN, new OverSequences(), false, false);
      var copo = copo(Copo.Blend.NONE, 5, 1);
      assertThat(value(copo, batch)).isCloseTo(value(grpo, batch), within(1e-15));
      assertThat(gradient(copo, batch)).containsExactly(gradient(grpo, batch), within(1e-15));
    }
  }

  @Test
  void rangesAreChecked() {
    assertThatThrownBy(
            () -> new Copo(Copo.Blend.SOFT, 5, 1, 0.2, 0.2, 1, 0, new OverSequences(), true))
        .hasMessageContaining("c less 1 must be positive");
  }

  /// Two answers of one token with entropies of 0.5 and 1.5 nats.
  @Test
  void entropyIsSoughtIfAsked() {
    try (var _ = new Step()) {
      var plain =
          batch(
              new int[] {2},
              new double[] {1, 1},
              new double[] {1, -1},
              new double[] {0, 0},
              new double[] {1},
              new double[] {1, 0});
      var spread = Grad.leaf(Ops.doubles(new double[] {0.5, 1.5}, 2, 1));
      var batch =
          new Scored(
              new int[] {2},
              plain.mask(),
              Map.of(Readout.LOG_LIKELIHOOD, plain.policy().units(), Readout.ENTROPY, spread),
              Optional.empty(),
              Map.of(
                  Copo.ADVANTAGE, plain.signal(Copo.ADVANTAGE),
                  Copo.GLOBAL, plain.signal(Copo.GLOBAL),
                  Copo.ENTROPY, plain.signal(Copo.ENTROPY),
                  Copo.REWARD, plain.signal(Copo.REWARD),
                  Copo.OLD, plain.signal(Copo.OLD)),
              Map.of());
      var none = copo(Copo.Blend.SOFT, 5, 1);
      var some = new Copo(Copo.Blend.SOFT, 5, 1, 0.2, 0.2, 3, 0, new OverSequences(), false, 0.01);
      assertThat(none.needs().readouts()).doesNotContain(Readout.ENTROPY);
      assertThat(some.needs().readouts()).contains(Readout.ENTROPY);
      assertThat(Ops.number(some.loss(batch).value()))
          .isCloseTo(Ops.number(none.loss(plain).value()) - 0.01 * 1.0, within(1e-12));
      assertThat(Ops.toDoubles(Grad.of(some.loss(batch).value(), List.of(spread)).getFirst()))
          .containsExactly(-0.005, -0.005);
    }
  }
}
