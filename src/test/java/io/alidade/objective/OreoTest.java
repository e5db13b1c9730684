package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.objective.Oreo.Level;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/// The soft Bellman equation on answers small enough to work out by hand.
class OreoTest {
  private static final double[] RHO = {0.2, -0.5, 1.0, 0.3};
  private static final double[] V = {0.6, 0.5, 0.8, 0.9};
  private static final double[] KL = {0.01, 0.02, 0, 0.03};

  /// One answer whose log-ratios, values and divergences are given.
  private record Answer(Tensor policy, Tensor value, Scored batch) {
    static Answer of(double[] rho, double[] v, double[] kl, double label, double... step) {
      int u = rho.length;
      var policy = Grad.leaf(Ops.doubles(rho, 1, u));
      var value = Grad.leaf(Ops.doubles(v, 1, u));
      var ones = new double[u];
      java.util.Arrays.fill(ones, 1);
      var signals = new HashMap<io.alidade.example.Signal, Tensor>();
      signals.put(Oreo.LABEL, Ops.doubles(new double[] {label}, 1));
      if (step.length > 0) {
        signals.put(Oreo.STEP, Ops.doubles(step, 1, u));
      }
      return new Answer(
          policy,
          value,
          new Scored(
              new int[] {1},
              Ops.doubles(ones, 1, u),
              Map.of(
                  Readout.LOG_LIKELIHOOD,
                  policy,
                  Readout.VALUE,
                  value,
                  Readout.DIVERGENCE,
                  Ops.doubles(kl, 1, u)),
              Optional.of(Ops.doubles(new double[u], 1, u)),
              signals,
              Map.of()));
    }

    double metric(Oreo oreo, String name) {
      return java.util.Objects.requireNonNull(oreo.loss(batch).metrics().get(name)).mean();
    }

    double[][] slopes(Oreo oreo) {
      var slopes = Grad.of(oreo.loss(batch).value(), List.of(policy, value));
      return new double[][] {Ops.toDoubles(slopes.getFirst()), Ops.toDoubles(slopes.getLast())};
    }

    double loss(Oreo oreo) {
      return Ops.number(oreo.loss(batch).value());
    }
  }

  private static Oreo oreo(double beta, double alpha, Level level) {
    return new Oreo(beta, alpha, level, 1, 0);
  }

  @Test
  void theExampleGivesThePublishedNumbers() {
    try (var _ = new Step()) {
      var answer = Answer.of(RHO, V, KL, 1);
      var oreo = oreo(0.03, 0.01, Level.TOKEN);
      assertThat(answer.metric(oreo, "oreo/value_loss")).isCloseTo(0.0994195, within(1e-9));
      assertThat(answer.loss(oreo)).isCloseTo(0.0994195 + 0.0995695, within(1e-9));
      var slopes = answer.slopes(oreo);
      near(slopes[0], -0.00555, -0.00714, -0.002415, -0.001365);
      near(slopes[1], -0.185, -0.238, -0.0805, -0.0455);
    }
  }

  private static void near(double[] actual, double... expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(1e-9));
    }
  }

  @Test
  void atTheReferenceWithoutValuesBothLossesAreTheSquaredReward() {
    try (var _ = new Step()) {
      var answer = Answer.of(new double[3], new double[3], new double[3], 1);
      for (var level : List.of(Level.TOKEN, Level.RESPONSE)) {
        var oreo = new Oreo(0.1, 0, level, 1.5, -1);
        assertThat(answer.metric(oreo, "oreo/value_loss")).isCloseTo(2.25, within(1e-12));
        assertThat(answer.metric(oreo, "oreo/policy_loss")).isCloseTo(2.25, within(1e-12));
      }
    }
  }

  /// One state, two actions of equal reference probability, rewards 1 and 0, beta 0.5.
  @Test
  void theOptimumOfOneChoiceHasNoResidual() {
    try (var _ = new Step()) {
      var oreo = oreo(0.5, 0, Level.TOKEN);
      double value = 0.71689042;
      double right = Math.log(0.88079708 / 0.5);
      double wrong = Math.log(0.11920292 / 0.5);
      assertThat(Answer.of(new double[] {right}, new double[] {value}, new double[1], 1).loss(oreo))
          .isCloseTo(0, within(1e-14));
      assertThat(Answer.of(new double[] {wrong}, new double[] {value}, new double[1], 0).loss(oreo))
          .isCloseTo(0, within(1e-14));
    }
  }

  @Test
  void ofOneTokenAllLevelsAreTheSame() {
    try (var _ = new Step()) {
      var answer = Answer.of(new double[] {0.4}, new double[] {0.2}, new double[] {0.1}, 1, 1);
      double token = answer.loss(oreo(0.1, 0.3, Level.TOKEN));
      for (var level : Level.values()) {
        assertThat(answer.loss(oreo(0.1, 0.3, level))).isCloseTo(token, within(1e-12));
        near(
            answer.slopes(oreo(0.1, 0.3, level))[0], answer.slopes(oreo(0.1, 0.3, Level.TOKEN))[0]);
      }
    }
  }

  /// Two steps of two tokens: residuals stand at tokens 1 and 3, and a step's tokens share one
  /// gradient.
  @Test
  void stepsHaveOneResidualEach() {
    try (var _ = new Step()) {
      var answer = Answer.of(RHO, V, KL, 1, 1, 1, 2, 2);
      var oreo = oreo(0.03, 0, Level.STEP);
      double first = -0.37;
      double second = -0.161;
      assertThat(answer.metric(oreo, "oreo/value_loss"))
          .isCloseTo((first * first + second * second) / 2, within(1e-12));
      var slopes = answer.slopes(oreo);
      near(slopes[1], first, 0, second, 0);
      near(slopes[0], 0.03 * first, 0.03 * first, 0.03 * second, 0.03 * second);
      near(
          answer.slopes(oreo(0.03, 0, Level.RESPONSE))[0],
          2 * 0.03 * first,
          2 * 0.03 * first,
          2 * 0.03 * first,
          2 * 0.03 * first);
    }
  }

  /// Two answers of one prompt share their first value; without residuals it cancels and leaves the
  /// margin of DPO.
  @Test
  void twoAnswersWithoutResidualHaveTheMarginOfDpo() {
    double beta = 0.3;
    double value = 0.4;
    double won = (1 - value) / beta; // V_0 = R - beta Sigma
    double lost = (0 - value) / beta;
    try (var _ = new Step()) {
      var oreo = oreo(beta, 0, Level.RESPONSE);
      assertThat(Answer.of(new double[] {won}, new double[] {value}, new double[1], 1).loss(oreo))
          .isCloseTo(0, within(1e-12));
      assertThat(Answer.of(new double[] {lost}, new double[] {value}, new double[1], 0).loss(oreo))
          .isCloseTo(0, within(1e-12));
      assertThat(beta * (won - lost)).isCloseTo(1, within(1e-12)); // R_w - R_l
    }
  }

  /// A divergence of 0.015 where 0.01 is wanted: an error of 0.5, cut to 0.2.
  @Test
  void theWeightOfTheDivergenceFollowsIt() {
    var follows = new AdaptiveKl(0.01, 50);
    assertThat(follows.after(0.1, 0.015, 10)).isCloseTo(0.1 * (1 + 0.2 * 10 / 50), within(1e-15));
    assertThat(follows.after(0.1, 0.011, 10)).isCloseTo(0.1 * (1 + 0.1 * 10 / 50), within(1e-15));
    assertThat(follows.after(0.1, 0, 10)).isCloseTo(0.1 * (1 - 0.2 * 10 / 50), within(1e-15));
    assertThat(follows.after(0.1, 0.01, 10)).isEqualTo(0.1);
    try (var _ = new Step()) {
      var answer = Answer.of(RHO, V, KL, 1);
      var oreo = new Oreo(0.03, 0.01, Level.TOKEN, 1, 0, Optional.of(follows), false);
      var loss = oreo.loss(answer.batch());
      assertThat(Ops.number(loss.value()))
          .as("the first batch has the weight it was given")
          .isCloseTo(answer.loss(oreo(0.03, 0.01, Level.TOKEN)), within(1e-12));
      assertThat(loss.memory().get("oreo/alpha_kl"))
          .isCloseTo(0.01 * (1 + 0.2 * 1 / 50), within(1e-15)); // mean divergence 0.015
    }
  }

  /// The critic's target is of the average, the policy's own residual is not.
  @Test
  void theCriticsTargetMayBeOfAnAverage() {
    double[] average = {0.1, -0.2, 0.4, 0.3}; // Sigma 0.6, 0.5, 0.7, 0.3
    try (var _ = new Step()) {
      var answer = Answer.of(RHO, V, KL, 1);
      var rival = Grad.leaf(Ops.doubles(average, 1, 4));
      var batch =
          new Scored(
              new int[] {1},
              Ops.doubles(new double[] {1, 1, 1, 1}, 1, 4),
              Map.of(
                  Readout.LOG_LIKELIHOOD,
                  answer.policy(),
                  Readout.VALUE,
                  answer.value(),
                  Readout.RIVAL,
                  rival),
              Optional.of(Ops.doubles(new double[4], 1, 4)),
              Map.of(Oreo.LABEL, Ops.doubles(new double[] {1}, 1)),
              Map.of());
      var oreo = new Oreo(0.03, 0, Level.TOKEN, 1, 0, Optional.empty(), true);
      var slopes =
          Grad.of(oreo.loss(batch).value(), List.of(answer.policy(), answer.value(), rival));
      near(Ops.toDoubles(slopes.get(0)), -0.00555, -0.00714, -0.002415, -0.001365);
      near(
          Ops.toDoubles(slopes.get(1)), // 2 / T (V_t - R + beta Sigma_t)
          (0.6 - 1 + 0.018) / 2,
          (0.5 - 1 + 0.015) / 2,
          (0.8 - 1 + 0.021) / 2,
          (0.9 - 1 + 0.009) / 2);
      near(Ops.toDoubles(slopes.get(2)), 0, 0, 0, 0);
    }
  }
}
