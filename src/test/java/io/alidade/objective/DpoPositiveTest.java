package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.constraint.ForwardKl;
import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Step;
import org.junit.jupiter.api.Test;

/// DPO-Positive against numbers worked out by hand and what it becomes.
class DpoPositiveTest {
  private static final ReverseKl KL = new ReverseKl();

  /// Log-ratios -1.5 and -4: the margin of 2.5 nats loses 5 times 1.5, `m = 0.3 * -5 = -1.5`.
  @Test
  void aChosenAnswerThatLostLikelihoodPaysForIt() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-11.5, -19, -10, -15);
      var objective = new DpoPositive(0.3, 5, KL);
      near(sample.value(objective), 1.701413277982752, 1e-12); // ln(1 + e^1.5)
      double pull = 0.3 * 0.8175744761936437; // sigmoid(1.5)
      near(sample.gradient(objective)[0], -6 * pull, 1e-12);
      near(sample.gradient(objective)[1], pull, 1e-12);
      Golden.metric("dpop", objective.loss(sample.batch()), "rewards/margins", 0.3 * 2.5, 1e-12);
    }
  }

  /// Log-ratios 1 and -1.
  @Test
  void aChosenAnswerThatGainedLikelihoodIsThatOfDpo() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-11, -13, -12, -12);
      near(sample.value(new DpoPositive(0.1, 50, KL)), 0.598138869381592, 1e-12); // ln(1 + e^-0.2)
      near(
          sample.gradient(new DpoPositive(0.1, 50, KL))[0],
          sample.gradient(new Dpo(0.1, KL))[0],
          1e-15);
    }
  }

  @Test
  void withoutThePenaltyItIsDpoUnderAnyDivergence() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-11.5, -16, -10, -15);
      near(
          sample.value(new DpoPositive(0.3, 0, new ForwardKl())),
          sample.value(new Dpo(0.3, new ForwardKl())),
          1e-15);
    }
  }

  /// Where DPO gains by lowering both answers, this does not: the paper's failure and its remedy.
  @Test
  void loweringBothAnswersPaysUnderDpoAlone() {
    try (var _ = new Step()) {
      var start = Sample.pair(-10, -10, -10.0, -10);
      var lowered = Sample.pair(-12, -15, -10.0, -10);
      assertThat(lowered.value(new Dpo(0.3, KL))).isLessThan(start.value(new Dpo(0.3, KL)));
      assertThat(lowered.value(new DpoPositive(0.3, 50, KL)))
          .isGreaterThan(start.value(new DpoPositive(0.3, 50, KL)));
    }
  }

  @Test
  void aNegativePenaltyIsRefused() {
    assertThatThrownBy(() -> new DpoPositive(0.3, -1, KL))
        .hasMessage("lambda must be at least 0 and finite, was -1.0");
  }
}
