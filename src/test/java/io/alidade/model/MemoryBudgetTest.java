package io.alidade.model;

import static io.alidade.model.ScoringGradientTest.batch;
import static io.alidade.model.ScoringGradientTest.gradients;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.batch.Readout;
import java.util.Set;
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

  /// Budgets under which the first layer alone, or all but the last, is computed again.
  @Test
  void soDoesOneThatHoldsAPartOfTheLayers() {
    var spec = PolicySpec.trainable(Precision.FLOAT32);
    try (var free = Policy.open(Golden.folder("llama"), spec)) {
      var expected = gradients(free, batch(), Readout.LOG_LIKELIHOOD);
      int layers = free.architecture().layers();
      assertThat(layers).isGreaterThan(1);
      for (int wanted : new int[] {1, layers - 1}) {
        try (var bound =
            Policy.open(Golden.folder("llama"), spec.within(repeating(spec, wanted, layers)))) {
          assertThat(repeated(bound)).isEqualTo(wanted);
          gradients(bound, batch(), Readout.LOG_LIKELIHOOD)
              .forEach((name, gradient) ->
                  assertThat(gradient).as(name).isEqualTo(expected.get(name)));
        }
      }
    }
  }

  private static int repeated(Policy policy) {
    var readouts = Set.of(Readout.LOG_LIKELIHOOD);
    var passes = policy.passes();
    return passes.repeated(passes.packed(batch(), readouts), policy.trainable());
  }

  /// The budget, found by halving, under which so many layers are computed again.
  private static MemoryBudget repeating(PolicySpec spec, int wanted, int layers) {
    long low = 1;
    long high = 1L << 40;
    while (true) {
      var budget = new MemoryBudget((low + high) / 2);
      try (var policy = Policy.open(Golden.folder("llama"), spec.within(budget))) {
        int repeated = repeated(policy);
        if (repeated == wanted) {
          return budget;
        } else if (repeated > wanted) {
          low = budget.bytes();
        } else {
          high = budget.bytes();
        }
      }
    }
  }

  /// Families whose graph is recorded: all layers or none.
  @Test
  void recordedLayersAreComputedAgainToo() {
    var spec = PolicySpec.trainable(Precision.FLOAT32);
    var folder = Golden.folder("gpt2");
    try (var free = Policy.open(folder, spec);
        var ample = Policy.open(folder, spec.within(MemoryBudget.of("1TiB")));
        var bound = Policy.open(folder, spec.within(MemoryBudget.of("1MiB")))) {
        assertThat(repeated(free)).isZero();
        assertThat(repeated(ample)).isZero();
        assertThat(repeated(bound)).isEqualTo(bound.architecture().layers());
        var expected = gradients(free, batch(), Readout.LOG_LIKELIHOOD);
        gradients(bound, batch(), Readout.LOG_LIKELIHOOD)
            .forEach((weight, gradient) ->
                assertThat(gradient).as(weight).isEqualTo(expected.get(weight)));
    }
  }
}
