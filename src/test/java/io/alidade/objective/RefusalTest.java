package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What objectives refuse, and how they say so.
class RefusalTest {
  private static final ReverseKl KL = new ReverseKl();

  @Test
  void refusesParametersOutOfRange() {
    assertThatThrownBy(() -> new Dpo(-1, KL))
        .hasMessage("beta must be positive and finite, was -1.0");
    assertThatThrownBy(() -> new RobustDpo(0.1, 0.5, KL))
        .hasMessage("label_smoothing must be at least 0.0 and below 0.5, was 0.5");
    assertThatThrownBy(() -> new ExoPair(0.1, 0.5, KL)).hasMessageContaining("label_smoothing");
    assertThatThrownBy(() -> new AlphaPo(1, 0, 0, 0)).hasMessageContaining("SimPo is the limit");
    assertThatThrownBy(() -> new Weighted(new Aot(0.1, 0)))
        .hasMessage("objective must be a mean over pairs, was Aot");
    assertThatThrownBy(() -> new AgainstReference(new Dpo(0.1, KL)))
        .hasMessage(
            "objective must learn from the likelihoods of pairs without a reference, Dpo does not");
    assertThatThrownBy(() -> new ReferenceFree(new SimPo(1, 0, 0)))
        .hasMessageContaining("objective must need the likelihoods of a reference", "SimPo");
    assertThatThrownBy(() ->
            new Mixture(
                List.of(new Mixture.Part(1, new Dpo(0.1, KL)), new Mixture.Part(1, new Sft()))))
        .hasMessage("cannot combine objectives over PAIRS and DEMONSTRATIONS");
    assertThatThrownBy(() -> new Mixture(List.of())).hasMessageContaining("at least one");
    assertThatThrownBy(
            () -> {
              try (var _ = new Step()) {
                DpoTest.caseA()
                    .with(Signal.perGroup("flip_rate"), 0.5)
                    .value(new RobustDpoByRow(0.1, KL));
              }
            })
        .hasMessageContaining("flip_rate must be at least 0.0 and below 0.5, was 0.5");
  }

  @Test
  void missingSignalsAreNamed() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-1, -2, -1, -2);
      assertThatThrownBy(() -> sample.value(new MarginAdaptiveDpo(0.1, 2, 0.5, 1, 2, KL)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("signal 'rm_margin' was not declared in needs()");
      assertThatThrownBy(() -> Sample.alone(-1, -2, 1, 1).value(new Dpo(0.1, KL)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the reference was not declared in needs()");
    }
  }
}
