package io.alidade.objective;

import static io.alidade.objective.PaperTest.tokens;
import static io.alidade.objective.PaperTest.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.constraint.AlphaDivergence;
import io.alidade.constraint.Divergence;
import io.alidade.constraint.ForwardKl;
import io.alidade.constraint.Jeffreys;
import io.alidade.constraint.JensenShannon;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What papers say that their losses become, and what must not matter to them.
class IdentityTest {
  private static final Divergence KL = new ReverseKl();

  private static void near(double actual, double expected, double tolerance) {
    assertThat(actual).isCloseTo(expected, within(tolerance));
  }

  @Test
  void withoutFlipsRobustDpoIsDpoInItsGradientToo() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-20, -9, -18.5, -10.25);
      assertThat(sample.gradient(new RobustDpo(0.3, 0, KL)))
          .containsExactly(sample.gradient(new Dpo(0.3, KL)), within(1e-15));
    }
  }

  /// Slopes of the scores at the reference: 1 for both Kullback-Leibler divergences and alpha, 1/2
  /// and 2 for the others.
  @Test
  void divergencesWeighAnswersAtTheReference() {
    try (var _ = new Step()) {
      var at = Sample.pair(0, 0, 0.0, 0);
      double dpo = at.gradient(new Dpo(0.4, KL))[0];
      near(dpo, -0.4 / 2, 1e-12);
      for (var divergence : List.of(new ForwardKl(), new AlphaDivergence(0.3))) {
        near(at.gradient(new Dpo(0.4, divergence))[0], dpo, 1e-12);
      }
      near(at.gradient(new Dpo(0.4, new JensenShannon()))[0], dpo / 2, 1e-12);
      near(at.gradient(new Dpo(0.4, new Jeffreys()))[0], 2 * dpo, 1e-12);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,-1", "0.7,-0.4", "-3,2.5"})
  void jensenShannonIsTheMarginLessTheSoftplusOfBothSides(double chosen, double rejected) {
    try (var _ = new Step()) {
      double z =
          0.3
              * (chosen
                  - rejected
                  - (Math.log1p(Math.exp(chosen)) - Math.log1p(Math.exp(rejected))));
      near(
          Sample.pair(chosen, rejected, 0.0, 0).value(new Dpo(0.3, new JensenShannon())),
          Math.log1p(Math.exp(-z)),
          1e-12);
    }
  }

  @Test
  void simPoPullsEachAnswerInverselyToItsLength() {
    try (var _ = new Step()) {
      var slopes = Sample.alone(-8, -40, 10, 40).gradient(new SimPo(2, 1, 0));
      double m = 2 * (-0.8 + 1) - 1;
      near(slopes[0], -2 / (1 + Math.exp(m)) / 10, 1e-12);
      near(slopes[0] / slopes[1], -40.0 / 10, 1e-9);
    }
  }

  /// Of the case `m = 0.1`: a label that is wrong with probability `e` costs `e m` more.
  @Test
  void smoothedLabelsAddTheirShareOfTheMargin() {
    try (var _ = new Step()) {
      var sample = Sample.alone(-0.8, -1.1, 1, 1);
      near(
          sample.value(new SimPo(2, 0.5, 0.05)) - sample.value(new SimPo(2, 0.5, 0)),
          0.05 * 0.1,
          1e-12);
      double reward = (1 - Math.exp(0.3 * 0.8)) / 0.3 - (1 - Math.exp(0.3 * 1.1)) / 0.3;
      near(
          sample.value(new AlphaPo(2, 0.5, 0.3, 0.05)) - sample.value(new AlphaPo(2, 0.5, 0.3, 0)),
          0.05 * (2 * reward - 0.5),
          1e-12);
    }
  }

  @Test
  void anImprobableRejectedAnswerLeavesAsftWithFineTuning() {
    try (var _ = new Step()) {
      near(Sample.alone(-1.3, -80, 1, 1).value(new Asft(0.4)), 1.4 * 1.3, 1e-12);
    }
  }

  @Test
  void aHeavyLikelihoodTermIsFineTuning() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-12, -15, -13, -14, 6, 8);
      double eta = 1e9;
      var objective = new RegularizedPo(0.1, eta, RegularizedPo.Form.SUM_BETA, KL);
      near(sample.value(objective) / (eta * 0.1), 12, 1e-7);
      near(sample.gradient(objective)[0] / (eta * 0.1), -1, 1e-8);
    }
  }

  /// Both stages of the same pair, against the start and against the model of the stage before.
  @Test
  void theReferenceOfAStageDecidesTheLoss() {
    try (var _ = new Step()) {
      near(Sample.pair(-20, -26, -22, -24).value(new Dpo(0.1, KL)), 0.51301525, 1e-8);
      near(Sample.pair(-20, -26, -20.5, -25.0).value(new Dpo(0.1, KL)), 0.62095705, 1e-8);
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
          value(tree, PaperTest.tree(shared, values, new double[][][] {})),
          value(tree, PaperTest.tree(plain, values, new double[][][] {})),
          1e-12);
    }
  }

  @Test
  void theBarrierOfTabPoOpensAndCloses() {
    try (var _ = new Step()) {
      var ones = new double[] {1, 1, 1};
      var chosen = new double[] {-0.1, -0.2, -0.3};
      var rejected = new double[] {-0.4, -1, -2};
      var same =
          tokens(
              new int[] {2},
              new double[][] {chosen, rejected},
              new double[][] {chosen, rejected},
              Map.of(),
              Map.of(Signal.perUnit("token_weight"), new double[][] {ones, ones}));
      near(value(new TabPo(0.5, 0.66, 3), same), Math.log(2), 1e-12); // all are above 0.66
      near(value(new TabPo(0.5, 1, 1), same), Math.log(2) + 0.2, 1e-12); // mean of all
    }
  }

  @Test
  void aSwappedPairWithTheOtherLabelIsTheSameToPowerDl() {
    try (var _ = new Step()) {
      var label = Signal.perGroup("dynamic_label");
      var objective = new PowerDl(2, 0, 0, PowerDl.Weight.INVERSE_LENGTH, PowerDl.Refresh.BEFORE);
      near(
          Sample.alone(-12, -30, 10, 20).with(label, 0.8).value(objective),
          Sample.alone(-30, -12, 20, 10).with(label, 0.2).value(objective),
          1e-12);
    }
  }

  /// `phi(x) <= x`: no divergence counts a demonstration for more than fine-tuning does.
  @ParameterizedTest
  @ValueSource(doubles = {-2, -0.3, 0, 0.4, 3})
  void everyShapeStaysBelowFineTuning(double reward) {
    try (var _ = new Step()) {
      for (var shape : ImplicitRewardSft.Shape.values()) {
        double phi = Ops.number(shape.phi(Ops.doubles(new double[] {reward}, 1)));
        if (reward == 0) {
          near(phi, 0, 0);
        } else {
          assertThat(phi).as("%s", shape).isLessThan(reward);
        }
      }
      near(
          Ops.number(ImplicitRewardSft.Shape.CHI2.phi(Ops.doubles(new double[] {reward}, 1))),
          reward - reward * reward / 4,
          1e-12);
    }
  }
}
