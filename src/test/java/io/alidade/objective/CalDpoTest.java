package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Step;
import org.junit.jupiter.api.Test;

/// Calibrated DPO against numbers worked out by hand.
class CalDpoTest {
  /// `u = (0.7, -0.2)`, targets 1 and -1: `ln(1 + e^-0.9) + 0.5 (0.3² + 0.8²)`, that is 0.341153875
  /// + 0.365.
  @Test
  void oneCaseByHand() {
    try (var _ = new Step()) {
      assertThat(Sample.pair(-11.3, -15.2, -12, -15).value(new CalDpo(0.5, 0.5)))
          .isCloseTo(0.706153875, within(1e-9));
    }
  }

  @Test
  void withoutTargetsItIsDpoAtBetaOne() {
    try (var _ = new Step()) {
      var pair = Sample.pair(-11.3, -15.2, -12, -15);
      assertThat(pair.value(new CalDpo(0.5, 0)))
          .isCloseTo(pair.value(new Dpo(1, new ReverseKl())), within(1e-12));
    }
  }

  @Test
  void theTargetsAreThoseOfSelfPlayWithHardLabels() {
    try (var _ = new Step()) {
      var pair = Sample.pair(-11.3, -15.2, -12, -15);
      double targets = pair.value(new CalDpo(0.3, 1)) - pair.value(new CalDpo(0.3, 0));
      assertThat(targets).isCloseTo(pair.value(new SppoHard(0.3)), within(1e-12));
    }
  }
}
