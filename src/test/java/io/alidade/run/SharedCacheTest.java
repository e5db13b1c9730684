package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.journal.Journal;
import io.alidade.recipe.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What one run has asked its reference, another objective on the same data and model does not ask
/// again.
class SharedCacheTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/models");

  @TempDir Path folder;

  private void train(String recipe, Path model) {
    var settings = new LinkedHashMap<String, String>();
    settings.put("model", model.toString());
    settings.put("data", folder.resolve("pairs.jsonl").toString());
    settings.put("eval_fraction", "0");
    settings.put("per_device_train_batch_size", "2");
    settings.put("gradient_accumulation_steps", "1");
    settings.put("max_steps", "4");
    settings.put("reference", "{Cached: {of: Frozen}}");
    TrainingRun.run(
        Plan.load(recipe, "tiny", settings),
        folder.resolve(recipe + "-" + model.getFileName()),
        false,
        folder.resolve("cache"),
        Journal.silent(),
        List.of());
  }

  private List<Path> kept() throws IOException {
    try (var files = Files.list(folder.resolve("cache"))) {
      return files.filter(file -> file.toString().endsWith(".logps")).sorted().toList();
    }
  }

  @Test
  void anotherObjectiveMissesNothingAndAnotherModelEverything() throws IOException {
    var rows = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      rows.append(
          "{\"prompt\": \"What is %d plus %d?\", \"chosen\": \" %d.\", \"rejected\": \" %d.\"}\n"
              .formatted(i, i + 1, 2 * i + 1, 3 * i + 2));
    }
    Files.writeString(folder.resolve("pairs.jsonl"), rows);
    train("dpo", GOLDEN.resolve("llama"));
    var file = kept().getFirst();
    var first = Files.readAllBytes(file);
    assertThat(records(first)).isEqualTo(16); // every candidate once
    train("ipo", GOLDEN.resolve("llama"));
    assertThat(kept()).containsExactly(file);
    assertThat(Files.readAllBytes(file)).as("no miss").isEqualTo(first);
    train("dpo", GOLDEN.resolve("qwen2"));
    assertThat(kept()).hasSize(2);
    assertThat(Files.readAllBytes(file)).isEqualTo(first);
  }

  /// How many records a file holds: a key of 32 bytes, a count, that many numbers, a checksum.
  private static int records(byte[] file) {
    var bytes = java.nio.ByteBuffer.wrap(file);
    int records = 0;
    for (int at = 0; at < file.length; at += 32 + 4 + 4 * bytes.getInt(at + 32) + 4) {
      records++;
    }
    return records;
  }
}
