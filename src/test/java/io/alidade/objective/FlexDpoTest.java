package io.alidade.objective;

import static io.alidade.objective.Numbers.near;

import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Step;
import org.junit.jupiter.api.Test;

/// DPO with a strength for each side against numbers worked out by hand.
class FlexDpoTest {
  private static final ReverseKl KL = new ReverseKl();

  @Test
  void flexByHand() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-10, -12, -11, -11.5);
      near(sample.value(new FlexDpo(0.1, 0.05)), 0.63259904, 1e-8);
      near(sample.value(new FlexDpo(0.1, 0)), 0.64439666, 1e-8);
      near(sample.value(new FlexDpo(0.1, 0.1)), sample.value(new Dpo(0.1, KL)), 1e-12);
      near(Sample.pair(-3, -4, -3, -4).value(new FlexDpo(0.7, 0.2)), Math.log(2), 1e-12);
      var slopes = sample.gradient(new FlexDpo(0.3, 0.1));
      near(slopes[1] / slopes[0], -0.1 / 0.3, 1e-12);
      // In probability space: pi = 0.3 and 0.05 under a reference of 0.2 each.
      var toy = Sample.pair(Math.log(0.3), Math.log(0.05), Math.log(0.2), Math.log(0.2));
      near(toy.value(new Dpo(0.1, KL)), 0.60756685, 1e-8);
      var g = toy.gradient(new Dpo(0.1, KL));
      near(g[0] / 0.3, -0.15177516, 1e-8);
      near(g[1] / 0.05, 0.91065094, 1e-8);
    }
  }

  @Test
  void withoutAStrengthForRejectedAnswersTheyDoNotMatter() {
    try (var _ = new Step()) {
      var objective = new FlexDpo(0.1, 0);
      near(Sample.pair(-10, -90, -11, -11.5).value(objective), Math.log1p(Math.exp(-0.1)), 1e-12);
      near(Sample.pair(-10, -12, -11, -11.5).gradient(objective)[1], 0, 0);
    }
  }

  /// In probability space: the rejected answer's derivative is -6 times the chosen one's, the ratio
  /// of their probabilities 0.3 and 0.05.
  @Test
  void theRejectedAnswerIsPushedByTheRatioOfProbabilities() {
    try (var _ = new Step()) {
      var toy = Sample.pair(Math.log(0.3), Math.log(0.05), Math.log(0.2), Math.log(0.2));
      var g = toy.gradient(new Dpo(0.1, KL));
      near((g[1] / 0.05) / (g[0] / 0.3), -6, 1e-12);
    }
  }
}
