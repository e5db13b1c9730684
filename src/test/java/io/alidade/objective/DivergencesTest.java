package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.constraint.AlphaDivergence;
import io.alidade.constraint.Divergence;
import io.alidade.constraint.ForwardKl;
import io.alidade.constraint.Jeffreys;
import io.alidade.constraint.JensenShannon;
import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// DPO with other divergences than the reverse Kullback-Leibler one, against numbers worked out by
/// hand.
class DivergencesTest {
  private static final double SIX = 1e-6;
  private static final ReverseKl KL = new ReverseKl();

  @ParameterizedTest
  @CsvSource({
    "1,-1,0.1,0.598139,0.582517,0.644397,0.594349",
    "0.7,-0.4,0.3,0.541698,0.554963,0.619594,0.550100",
    "-0.2,0.9,0.5,1.005492,0.917462,0.813905,0.953998"
  })
  void divergencesByHand(
      double chosen,
      double rejected,
      double beta,
      double reverse,
      double forward,
      double shannon,
      double alpha) {
    try (var _ = new Step()) {
      var sample = Sample.pair(chosen, rejected, 0.0, 0);
      near(sample.value(new Dpo(beta, KL)), reverse, SIX);
      near(sample.value(new Dpo(beta, new ForwardKl())), forward, SIX);
      near(sample.value(new Dpo(beta, new JensenShannon())), shannon, SIX);
      near(sample.value(new Dpo(beta, new AlphaDivergence(0.5))), alpha, SIX);
      near(sample.value(new Dpo(beta, new AlphaDivergence(1))), forward, SIX);
      near(sample.value(new Dpo(beta, new AlphaDivergence(1e-4))), reverse, 1e-3);
      var equal = Sample.pair(chosen, chosen, 0.0, 0);
      for (var divergence : List.<Divergence>of(new ForwardKl(), new Jeffreys())) {
        near(equal.value(new Dpo(beta, divergence)), Math.log(2), 1e-12);
      }
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

  private static final List<Divergence> ALL =
      List.of(KL, new ForwardKl(), new JensenShannon(), new Jeffreys(), new AlphaDivergence(0.4));

  /// `ds/du` of each: 1, `exp(-u)`, `sigmoid(-u)`, `1 + exp(-u)`, `exp(-alpha u)`.
  private static double slope(int divergence, double u) {
    return switch (divergence) {
      case 0 -> 1;
      case 1 -> Math.exp(-u);
      case 2 -> 1 / (1 + Math.exp(u));
      case 3 -> 1 + Math.exp(-u);
      default -> Math.exp(-0.4 * u);
    };
  }

  /// `-beta sigmoid(-z) s'(u_w)` and `beta sigmoid(-z) s'(u_l)`: the two sides no longer weigh the
  /// same.
  @ParameterizedTest
  @CsvSource({"1,-1", "0.7,-0.4", "-3,2.5", "-0.2,0.9"})
  void eachSideIsPulledByTheSlopeOfItsScore(double chosen, double rejected) {
    try (var _ = new Step()) {
      for (int d = 0; d < ALL.size(); d++) {
        var objective = new Dpo(0.3, ALL.get(d));
        var sample = Sample.pair(chosen, rejected, 0.0, 0);
        double weight = 1 - Math.exp(-sample.value(objective)); // sigmoid(-z)
        var slopes = sample.gradient(objective);
        near(slopes[0], -0.3 * weight * slope(d, chosen), 1e-12);
        near(slopes[1], 0.3 * weight * slope(d, rejected), 1e-12);
      }
    }
  }

  @Test
  void equalLogRatiosCostLnTwoWhateverTheDivergence() {
    try (var _ = new Step()) {
      for (var divergence : ALL) {
        for (double u : new double[] {-4, 0, 1.7}) {
          near(Sample.pair(u, u, 0.0, 0).value(new Dpo(0.3, divergence)), Math.log(2), 1e-12);
        }
        near(Ops.number(divergence.reward(Ops.doubles(new double[] {0}, 1))), 0, 0);
      }
    }
  }

  /// `u - exp(-u)`: margins of 2 + e - 1/e and of 1.1 - exp(-0.7) + exp(0.4).
  @Test
  void jeffreysByHand() {
    try (var _ = new Step()) {
      near(
          Sample.pair(1, -1, 0.0, 0).value(new Dpo(0.1, new Jeffreys())),
          Math.log1p(Math.exp(-0.1 * (2 + Math.E - 1 / Math.E))),
          1e-12);
      near(
          Sample.pair(0.7, -0.4, 0.0, 0).value(new Dpo(0.3, new Jeffreys())),
          Math.log1p(Math.exp(-0.3 * (1.1 - Math.exp(-0.7) + Math.exp(0.4)))),
          1e-12);
    }
  }

  @ParameterizedTest
  @CsvSource({"3,-3", "-3,3", "2,1", "-0.5,-2.5"})
  void alphaRunsFromTheReverseToTheForwardDivergence(double chosen, double rejected) {
    try (var _ = new Step()) {
      var sample = Sample.pair(chosen, rejected, 0.0, 0);
      var forward = new Dpo(0.3, new ForwardKl());
      var one = new Dpo(0.3, new AlphaDivergence(1));
      near(sample.value(one), sample.value(forward), 1e-12);
      assertThat(sample.gradient(one)).containsExactly(sample.gradient(forward), within(1e-12));
      near(
          sample.value(new Dpo(0.3, new AlphaDivergence(1e-4))),
          sample.value(new Dpo(0.3, KL)),
          1e-3);
    }
  }
}
