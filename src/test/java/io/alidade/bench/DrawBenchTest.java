package io.alidade.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.model.Precision;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DrawBenchTest {
  @TempDir private Path scratch;

  @Test
  void reportsWhatItMeasured() {
    var report = DrawBench.of(Shape.XS, "3x8x4", 2, 1, Precision.FLOAT32).run(scratch);
    assertThat(report.measured().rounds()).hasSize(2);
    assertThat(report.measured().tokensPerSecond()).isPositive();
    assertThat(report.memory()).isPositive();
    assertThat(report.json().get("rows").asInt()).isEqualTo(3);
    assertThat(report.json().get("utilisation").asDouble()).isPositive();
    assertThat(report.text()).contains("drawing 3 rows, 8 tokens of prompt and 4 new ones");
  }

  @Test
  void sizesAreThreeNumbers() {
    for (var sizes : new String[] {"8x64", "8x64xall", "8x64x128x2", ""}) {
      assertThatThrownBy(() -> DrawBench.of(Shape.XS, sizes, 1, 1, Precision.FLOAT32))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("as in 8x64x128");
    }
    assertThatThrownBy(() -> DrawBench.of(Shape.XS, "8x64x1", 1, 1, Precision.FLOAT32))
        .hasMessageContaining("new tokens must be at least 2, was 1");
  }
}
