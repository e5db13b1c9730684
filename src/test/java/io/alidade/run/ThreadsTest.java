package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.store.WeightFiles;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

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
}
