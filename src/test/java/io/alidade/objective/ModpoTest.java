package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Step;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Multi-objective DPO against numbers worked out by hand and its optimum.
class ModpoTest {
  private static final double EIGHT = 1e-8;
  private static final ReverseKl KL = new ReverseKl();

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

  @Test
  void theHingeFormIsTheHingeOfTheSameMargin() {
    try (var _ = new Step()) {
      var other = Signal.perCandidate("other");
      var pair = Sample.pair(-10, -12, -11, -11.5).with(other, 0.2, 0.5);
      var half = new ModpoHinge(0.1, 0.5, Map.of("other", 0.5));
      near(pair.value(half), 1 - 0.6, 1e-12); // rewards 0 and -0.6
      near(pair.gradient(half)[0], -0.1 / 0.5, 1e-12);
      near(pair.gradient(half)[1], 0.1 / 0.5, 1e-12);
      var three = new ModpoHinge(0.1, 0.2, Map.of("a", 0.5, "b", 0.3));
      var settled =
          Sample.pair(-10, -12, -11, -11.5)
              .with(Signal.perCandidate("a"), 0.2, 0.5)
              .with(Signal.perCandidate("b"), -1, 0.4);
      near(settled.value(three), 0, 0); // rewards 1.5 and -2.1
      near(settled.gradient(three)[0], 0, 0);
      Golden.metric("three", three.loss(settled.batch()), "rewards/chosen", 1.5, 1e-9);
      Golden.metric("three", three.loss(settled.batch()), "rewards/rejected", -2.1, 1e-9);
      near(pair.value(new ModpoHinge(0.1, 1, Map.of())), pair.value(new Hinge(0.1, KL)), 1e-12);
    }
  }
}
