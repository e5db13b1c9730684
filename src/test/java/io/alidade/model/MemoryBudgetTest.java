package io.alidade.model;

import static io.alidade.model.ScoringGradientTest.batch;
import static io.alidade.model.ScoringGradientTest.gradients;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.batch.Readout;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
  @Test
  void readsSizesWithUnits() {
    assertThat(MemoryBudget.of("4GiB").bytes()).isEqualTo(4L << 30);
    assertThat(MemoryBudget.of("1.5 GB").bytes()).isEqualTo(1_500_000_000L);
    assertThatThrownBy(() -> MemoryBudget.of("four"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("4GiB")
        .hasMessageContaining("four");
  }

  @Test
  void repeatsMoreLayersTheLessMemoryThereIs() {
    long mib = 1 << 20;
    assertThat(MemoryBudget.NONE.repeated(30, 10 * mib, mib, 0)).isZero();
    // 450 for the process, 100 for the rest, 20 at work, 30 for inputs: 180 are left of 780.
    assertThat(new MemoryBudget(780 * mib).repeated(30, 10 * mib, mib, 100 * mib)).isEqualTo(10);
    assertThat(new MemoryBudget(2000 * mib).repeated(30, 10 * mib, mib, 100 * mib)).isZero();
    assertThat(new MemoryBudget(mib).repeated(30, 10 * mib, mib, 100 * mib)).isEqualTo(30);
  }

  @Test
  void theBudgetChangesNoBit() {
    var spec = PolicySpec.trainable(Precision.FLOAT32);
    try (var free = Policy.open(Golden.folder("llama"), spec);
        var bound = Policy.open(Golden.folder("llama"), spec.within(MemoryBudget.of("1MiB")))) {
      var expected = gradients(free, batch(), Readout.LOG_LIKELIHOOD);
      gradients(bound, batch(), Readout.LOG_LIKELIHOOD)
          .forEach((name, gradient) -> assertThat(gradient).as(name).isEqualTo(expected.get(name)));
    }
  }
}
