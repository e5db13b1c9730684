package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Step;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// DPO with the likelihood of chosen answers against numbers worked out by hand.
class RegularizedPoTest {
  private static final double SIX = 1e-6;
  private static final ReverseKl KL = new ReverseKl();

  @Test
  void regularisedByHand() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-200.0, -260, -210, -250);
      near(
          sample.value(new RegularizedPo(0.01, 0.005, RegularizedPo.Form.SUM_BETA, KL)),
          0.608139,
          SIX);
      var dpo = DpoTest.caseA().gradient(new Dpo(0.1, KL));
      var sum = new RegularizedPo(0.1, 0.3, RegularizedPo.Form.SUM_BETA, KL);
      near(
          DpoTest.caseA().value(sum) - DpoTest.caseA().value(new Dpo(0.1, KL)),
          0.3 * 0.1 * 12,
          1e-12);
      near(DpoTest.caseA().gradient(sum)[1], dpo[1], 1e-15); // rejected: as in DPO
      near(DpoTest.caseA().gradient(sum)[0], dpo[0] - 0.1 * 0.3, 1e-15);
      var shifted = Sample.pair(-11, -14, -13, -14, 6, 8);
      near(shifted.value(new Dpo(0.1, KL)), DpoTest.caseA().value(new Dpo(0.1, KL)), 1e-12);
      assertThat(Math.abs(shifted.value(sum) - DpoTest.caseA().value(sum))).isGreaterThan(0.01);
    }
  }

  @Test
  void aHeavyLikelihoodTermIsFineTuning() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-12, -15, -13, -14, 6, 8);
      double eta = 1e9;
      var objective = new RegularizedPo(0.1, eta, RegularizedPo.Form.SUM_BETA, KL);
      near(sample.value(objective) / (eta * 0.1), 12, 1e-7);
      near(sample.gradient(objective)[0] / (eta * 0.1), -1, 1e-8);
    }
  }

  @ParameterizedTest
  @EnumSource(RegularizedPo.Form.class)
  void withoutTheLikelihoodTermItIsDpo(RegularizedPo.Form form) {
    try (var _ = new Step()) {
      var none = new RegularizedPo(0.1, 0, form, KL);
      near(DpoTest.caseA().value(none), DpoTest.caseA().value(new Dpo(0.1, KL)), 0);
      assertThat(DpoTest.caseA().gradient(none))
          .containsExactly(DpoTest.caseA().gradient(new Dpo(0.1, KL)), within(1e-15));
    }
  }
}
