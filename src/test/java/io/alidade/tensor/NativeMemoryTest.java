package io.alidade.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class NativeMemoryTest {
  @Test
  void anAllocationThatFailsIsOneLineOfAdvice() {
    assertThatThrownBy(() ->
            Natives.call(() -> {
              try (var _ = new Step()) {
                return Ops.empty(ScalarType.Float, 1L << 46); // 256 TiB
              }
            }))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("out of memory for tensors: 262144.0 GiB more could not be had")
        .hasMessageContaining("gradient_checkpointing=true")
        .message()
        .doesNotContain("\n", "c10", "alloc_cpu");
  }

  @Test
  void findsItBelowOtherFailuresAndLeavesOthersAlone() {
    var below = new IllegalStateException(new RuntimeException("std::bad_alloc"));
    assertThat(NativeMemory.exhausted(below))
        .get()
        .asString()
        .startsWith("out of memory for tensors; take");
    assertThat(NativeMemory.exhausted(new RuntimeException("size mismatch"))).isEmpty();
    assertThat(NativeMemory.heap(new OutOfMemoryError("Java heap space"))).isTrue();
    assertThat(NativeMemory.heap(new OutOfMemoryError("Cannot allocate new FloatPointer(9)")))
        .isFalse();
  }

  @Test
  void knowsTheMachine() {
    assertThat(NativeMemory.physical()).isGreaterThan(1L << 28);
    assertThat(NativeMemory.shown(3L << 29)).isEqualTo("1.5 GiB");
    assertThat(NativeMemory.shown(5L << 20)).isEqualTo("5 MiB");
  }
}
