package io.alidade.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Ridge regression on cases that can be worked out by hand.
class RidgeTest {
  @Test
  void oneFeatureIsShrunkAsTheFormulaSays() {
    double[][] x = {{1}, {2}};
    double[] y = {3, 6};
    // sum x y / (sum x^2 + lambda) = 15 / (5 + lambda)
    assertThat(Ridge.weights(x, y, 1e-9)[0]).isCloseTo(3, within(1e-8));
    assertThat(Ridge.weights(x, y, 5)[0]).isCloseTo(1.5, within(1e-12));
    assertThat(Ridge.fit(new double[] {3}, x, y)).isCloseTo(1, within(1e-12));
    assertThat(Ridge.fit(new double[] {0}, x, y)).isCloseTo(1 - 45 / 4.5, within(1e-12));
    assertThatThrownBy(() -> Ridge.weights(x, y, 0)).hasMessageContaining("lambda");
  }

  @Test
  void theGradientOfThePenalisedErrorIsZeroAtTheWeights() {
    var random = new SplittableRandom(1);
    var x = new double[20][];
    var y = new double[20];
    for (int i = 0; i < 20; i++) {
      x[i] = random.doubles(4, -1, 1).toArray();
      y[i] = random.nextDouble();
    }
    var w = Ridge.weights(x, y, 0.3);
    for (int a = 0; a < 4; a++) {
      double slope = 0.3 * w[a];
      for (int i = 0; i < 20; i++) {
        double error = -y[i];
        for (int b = 0; b < 4; b++) {
          error += w[b] * x[i][b];
        }
        slope += error * x[i][a];
      }
      assertThat(slope).isCloseTo(0, within(1e-10));
    }
  }

  @Test
  void thePenaltyIsChosenOnOtherRows() {
    double[][] x = {{1, 0}, {1, 1e-3}};
    double[] y = {1, 1.1}; // without a penalty the second feature explains the noise
    var chosen =
        Ridge.chosen(x, y, new double[][] {{1, 1}, {2, -1}}, new double[] {1, 2}, 1e-8, 0.01, 100);
    assertThat(chosen.lambda()).isEqualTo(0.01);
    assertThat(chosen.fit()).isGreaterThan(0.9);
  }
}
