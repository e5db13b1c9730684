package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Step;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Corrections for flipped labels against numbers worked out by hand, and their optima.
class RobustDpoTest {
  private static final double SIX = 1e-6;
  private static final ReverseKl KL = new ReverseKl();

  @Test
  void identitiesOfRobustness() {
    try (var _ = new Step()) {
      for (double margin : new double[] {-30, -2, 0, 0.3, 5, 40}) {
        var plus = Sample.pair(margin, 0, 0.0, 0);
        var minus = Sample.pair(0, margin, 0.0, 0);
        double dpo = plus.value(new Dpo(0.3, KL));
        near(dpo - minus.value(new Dpo(0.3, KL)), -0.3 * margin, 1e-12);
        double e = 0.2;
        var robust = new RobustDpo(0.3, e, KL);
        near((1 - e) * plus.value(robust) + e * minus.value(robust), dpo, 1e-12);
        near(plus.value(robust) - dpo, -e / (1 - 2 * e) * 0.3 * margin, 1e-12);
        near(plus.value(new Cdpo(0.3, e, KL)) - dpo, e * 0.3 * margin, 1e-12);
        near(plus.value(new RobustDpo(0.3, 0, KL)), dpo, 0);
        near(
            plus.with(Signal.perGroup("flip_rate"), e).value(new RobustDpoByRow(0.3, KL)),
            plus.value(robust),
            1e-12);
        assertThat(plus.gradient(new Dpo(0.3, KL))[0])
            .isEqualTo(-plus.gradient(new Dpo(0.3, KL))[1]);
      }
      near(Sample.pair(0, 0, 0.0, 0).value(new RobustDpo(0.3, 0.4, KL)), Math.log(2), 1e-12);
      near(
          Sample.pair(0, 0, 0.0, 0).gradient(new RobustDpo(1, 0.4, KL))[0],
          -(0.5 + 0.4 / 0.2),
          1e-12);
    }
  }

  @Test
  void withoutFlipsRobustDpoIsDpoInItsGradientToo() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-20, -9, -18.5, -10.25);
      assertThat(sample.gradient(new RobustDpo(0.3, 0, KL)))
          .containsExactly(sample.gradient(new Dpo(0.3, KL)), within(1e-15));
    }
  }

  @Test
  void correctsAnyLossForFlips() {
    try (var _ = new Step()) {
      near(
          DpoTest.caseB().value(new NoiseCorrected(0.2, new Dpo(0.5, KL))),
          DpoTest.caseB().value(new RobustDpo(0.5, 0.2, KL)),
          1e-12);
      double h = -2.75;
      near(
          DpoTest.caseB().value(new NoiseCorrected(0.2, new Ipo(0.5, false, KL))),
          h * h + 1 / (4 * 0.25) - h / (0.5 * 0.6),
          1e-12);
      near(
          DpoTest.caseA().value(new NoiseCorrected(0, new Hinge(0.1, KL))),
          DpoTest.caseA().value(new Hinge(0.1, KL)),
          1e-12);
      Golden.metric(
          "seen",
          new NoiseCorrected(0.2, new Dpo(0.1, KL)).loss(DpoTest.caseA().batch()),
          "rewards/margins",
          0.2,
          1e-9);
    }
  }

  /// Where the mean gradient over both orders of a pair vanishes, by bisection.
  @ParameterizedTest
  @CsvSource({"0.9,0.3,0.663294,2.197225", "0.8,0.1,1.045969,1.386294"})
  void optimaUnderFlippedLabels(double clean, double rate, double dpo, double robust) {
    double seen = (1 - rate) * clean + rate * (1 - clean);
    near(Math.log(seen / (1 - seen)), dpo, SIX);
    near(optimum(new Dpo(1, KL), seen), dpo, 1e-5);
    near(optimum(new RobustDpo(1, rate, KL), seen), robust, 1e-5);
    near(robust, Math.log(clean / (1 - clean)), SIX);
  }

  private static double optimum(Objective objective, double share) {
    double low = -20;
    double high = 20;
    for (int i = 0; i < 60; i++) {
      double middle = (low + high) / 2;
      try (var _ = new Step()) {
        double slope =
            share * Sample.pair(middle, 0, 0.0, 0).gradient(objective)[0]
                + (1 - share) * Sample.pair(0, middle, 0.0, 0).gradient(objective)[1];
        if (slope > 0) {
          high = middle;
        } else {
          low = middle;
        }
      }
    }
    return (low + high) / 2;
  }
}
