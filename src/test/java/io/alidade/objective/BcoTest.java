package io.alidade.objective;

import static io.alidade.objective.Numbers.near;

import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// The running mean of binary classification.
class BcoTest {
  @Test
  void runningMeanOfBinaryClassification() {
    try (var _ = new Step()) {
      var label = Signal.perGroup("label");
      var first = labelled(Map.of(), 1, 3).with(label, 1, 0);
      var loss = new Bco(0.5).loss(first.batch());
      near(loss.memory().getOrDefault("bco/mean", Double.NaN), 0.5 * 2, 1e-12);
      near(loss.memory().getOrDefault("bco/count", Double.NaN), 2, 0);
      // softplus(-(0.5 - 1)) and softplus(1.5 - 1)
      near(Ops.number(loss.value()), Math.log1p(Math.exp(0.5)), 1e-12);
      var second = labelled(loss.memory(), 10, 10, 10, 10).with(label, 1, 1, 1, 1);
      near(
          new Bco(0.5).loss(second.batch()).memory().getOrDefault("bco/mean", Double.NaN),
          (0.5 + 1.5 + 4 * 5) / 6,
          1e-12);
    }
  }

  private static Sample labelled(Map<String, Double> memory, double... ratios) {
    var ones = new double[ratios.length];
    java.util.Arrays.fill(ones, 1);
    return Sample.of(
        Sample.sizes(ratios.length, 1),
        ratios,
        Optional.of(new double[ratios.length]),
        ones,
        Map.of(),
        memory);
  }
}
