package io.alidade.objective;

import static io.alidade.objective.Numbers.near;

import io.alidade.constraint.AlphaDivergence;
import io.alidade.constraint.Divergence;
import io.alidade.constraint.ForwardKl;
import io.alidade.constraint.Jeffreys;
import io.alidade.constraint.JensenShannon;
import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Step;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// DPO with other divergences than the reverse Kullback-Leibler one, against numbers worked out by hand.
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
}
