package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.tensor.Step;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// ASFT against numbers worked out by hand and its definition with odds.
class AsftTest {
  private static final double SIX = 1e-6;

  @Test
  void asftByHand() {
    try (var _ = new Step()) {
      near(Sample.alone(-0.5, -1.2, 1, 1).value(new Asft(0.1, 1)), 0.585838, SIX);
      near(Sample.alone(-0.5, -1.2, 1, 1).value(new Asft(1, 1)), 1.358382, SIX);
      near(Sample.alone(-2.0, -0.1, 1, 1).value(new Asft(0.1, 1)), 2.435217, SIX);
      var slopes = Sample.alone(-2.0, -0.1, 1, 1).gradient(new Asft(0.1, 1));
      near(slopes[0], -1.1, 1e-12);
      double p = Math.exp(-0.1);
      near(slopes[1], 0.1 * p / (1 - p), 1e-12);
      near(Sample.alone(-2.0, -0.1, 1, 1).value(new Asft(0, 1)), 2, 1e-12);
      // The form with odds, by its definition.
      DoubleUnaryOperator logOdds = l -> l - Math.log(1 - Math.exp(l));
      DoubleUnaryOperator softplus = x -> Math.log1p(Math.exp(x));
      double odds =
          0.5
              + 0.7
                  * (softplus.applyAsDouble(-logOdds.applyAsDouble(-0.5))
                      + softplus.applyAsDouble(logOdds.applyAsDouble(-1.2)));
      near(Sample.alone(-0.5, -1.2, 1, 1).value(new Asft(0.7, 1)), odds, 1e-12);
      // Which rejected answer belongs to which chosen one does not matter.
      var one = two(-0.5, -1.2, -0.9, -0.3);
      var other = two(-0.5, -0.3, -0.9, -1.2);
      near(one.value(new Asft(0.4, 1)), other.value(new Asft(0.4, 1)), 1e-12);
      assertThat(one.value(new Orpo(0.4))).isNotEqualTo(other.value(new Orpo(0.4)));
    }
  }

  private static Sample two(double... sums) {
    return Sample.of(
        Sample.sizes(2, 2), sums, Optional.empty(), new double[] {1, 1, 1, 1}, Map.of(), Map.of());
  }

  @Test
  void anImprobableRejectedAnswerLeavesAsftWithFineTuning() {
    try (var _ = new Step()) {
      near(Sample.alone(-1.3, -80, 1, 1).value(new Asft(0.4, 1)), 1.4 * 1.3, 1e-12);
    }
  }

  /// `-l_w + lambda (softplus(-b o_w) + softplus(b o_l))`, in scalar arithmetic.
  private static double withOdds(double chosen, double rejected, double lambda, double inner) {
    double right = chosen - Math.log(1 - Math.exp(chosen));
    double wrong = rejected - Math.log(1 - Math.exp(rejected));
    return -chosen
        + lambda * (Math.log1p(Math.exp(-inner * right)) + Math.log1p(Math.exp(inner * wrong)));
  }

  @ParameterizedTest
  @CsvSource({
    "-0.5,-1.2,0.1,1",
    "-0.5,-1.2,0.1,2",
    "-2,-0.1,0.7,0.5",
    "-0.02,-3,1,3",
    "-1.1,-0.9,0.4,0.1"
  })
  void theInnerTemperatureSharpensOdds(
      double chosen, double rejected, double lambda, double inner) {
    try (var _ = new Step()) {
      var objective = new Asft(lambda, inner);
      var sample = Sample.alone(chosen, rejected, 1, 1);
      near(sample.value(objective), withOdds(chosen, rejected, lambda, inner), 1e-12);
      double h = 1e-6;
      var slopes = sample.gradient(objective);
      near(
          slopes[0],
          (withOdds(chosen + h, rejected, lambda, inner)
                  - withOdds(chosen - h, rejected, lambda, inner))
              / (2 * h),
          1e-7);
      near(
          slopes[1],
          (withOdds(chosen, rejected + h, lambda, inner)
                  - withOdds(chosen, rejected - h, lambda, inner))
              / (2 * h),
          1e-7);
    }
  }

  /// The two ways to compute it agree where they meet.
  @Test
  void theClosedFormIsTheLimitOfTheFormWithOdds() {
    try (var _ = new Step()) {
      var sample = Sample.alone(-0.5, -1.2, 1, 1);
      near(sample.value(new Asft(0.7, 1 + 1e-9)), sample.value(new Asft(0.7, 1)), 1e-8);
    }
  }
}
