package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.store.WeightFiles;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ThreadsTest {
  @Test
  void aModelIsSmallByItsWeightsWhateverItsFileTakes() {
    var golden = Path.of("src/test/resources/golden/models/llama");
    var shipped = Path.of("src/main/resources/io/alidade/demo/model"); // 6 MiB of bfloat16
    try (var small = WeightFiles.open(golden);
        var large = WeightFiles.open(shipped)) {
      assertThat(Threads.small(small)).isTrue();
      assertThat(Threads.small(large)).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8, 64, 128})
  void aLargeModelTakesEveryProcessorAndASmallOneASingleThread(int processors) {
    assertThat(Threads.of(0, Optional.empty(), processors, () -> false)).isEqualTo(processors);
    assertThat(Threads.of(0, Optional.empty(), processors, () -> true)).isEqualTo(1);
  }

  @Test
  void theScaleOutranksTheEnvironmentAndThatTheMachine() {
    assertThat(Threads.of(3, Optional.of("5"), 64, () -> true)).isEqualTo(3);
    assertThat(Threads.of(0, Optional.of("5"), 64, () -> true)).isEqualTo(5);
    for (var nothing : new String[] {"", "0", "4,2", "many"}) {
      assertThat(Threads.of(0, Optional.of(nothing), 64, () -> false)).isEqualTo(64);
    }
  }
}
