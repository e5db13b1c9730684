package io.alidade.objective;

import static io.alidade.objective.Numbers.near;

import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Step;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Rankings against a loop over the definition.
class PlackettLuceTest {
  private static final ReverseKl KL = new ReverseKl();

  /// By a loop over the definition: the best among all, the second among the rest, and so on.
  @Test
  void rankingsByHand() {
    try (var _ = new Step()) {
      var rewards = new double[] {0.3, -0.5, 1.1, 0.2, -2, 0.7};
      var sizes = new int[] {4, 2};
      var sample =
          Sample.of(
              sizes,
              rewards,
              Optional.of(new double[6]),
              new double[] {1, 1, 1, 1, 1, 1},
              Map.of(),
              Map.of());
      double beta = 0.8;
      double sum = 0;
      int start = 0;
      for (int size : sizes) {
        for (int k = 0; k < size; k++) {
          double rest = 0;
          for (int j = k; j < size; j++) {
            rest += Math.exp(beta * rewards[start + j]);
          }
          sum -= Math.log(Math.exp(beta * rewards[start + k]) / rest);
        }
        start += size;
      }
      near(sample.value(new PlackettLuce(beta, KL)), sum / 2, 1e-12);
      var equal =
          Sample.of(
              new int[] {4},
              new double[4],
              Optional.of(new double[4]),
              new double[] {1, 1, 1, 1},
              Map.of(),
              Map.of());
      near(equal.value(new PlackettLuce(beta, KL)), Math.log(24), 1e-12);
    }
  }
}
