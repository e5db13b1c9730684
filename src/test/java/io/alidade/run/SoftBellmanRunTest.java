package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.journal.Journal;
import io.alidade.journal.MetricsLog;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.recipe.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Policy and critic together, from files to files on a tiny random model.
class SoftBellmanRunTest {
  @TempDir Path folder;

  @BeforeEach
  void answers() throws IOException {
    var rows = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      rows.append(
          "{\"prompt\": \"What is %d plus %d?\", \"completion\": \" It is %d.\", \"label\": %s}\n"
              .formatted(i, i + 1, 2 * i + 1 + i % 2, i % 2 == 0));
    }
    Files.writeString(folder.resolve("answers.jsonl"), rows);
  }

  private Path run(String name, boolean resume, Map<String, String> settings) {
    var all = new LinkedHashMap<String, String>();
    all.put("model", "src/test/resources/golden/models/llama");
    all.put("data", folder.resolve("answers.jsonl").toString());
    all.put("logging_steps", "2");
    all.put("save_steps", "3");
    all.put("save_total_limit", "9");
    all.put("per_device_train_batch_size", "4");
    all.put("gradient_accumulation_steps", "1");
    all.put("learning_rate_factor", "1000");
    all.putAll(settings);
    var out = folder.resolve(name);
    TrainingRun.run(
        Plan.load("oreo", "tiny", all), out, resume, folder, Journal.silent(), List.of());
    return out;
  }

  private void resumes(Map<String, String> settings, String... files) throws IOException {
    var whole = run("whole", false, settings);
    var cut = Interrupted.after(6, whole, folder.resolve("cut"));
    run("cut", true, settings);
    for (var file : files) {
      assertThat(cut.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
    }
    assertThat(Interrupted.metrics(cut)).isEqualTo(Interrupted.metrics(whole));
  }

  @Test
  void aResumedRunEndsWithTheSameModelAndCritic() throws IOException {
    resumes(Map.of(), "model/model.safetensors", "critic/model.safetensors");
    var log = MetricsLog.read(folder.resolve("whole"));
    assertThat(log.last("oreo/value").orElseThrow()).isNotZero();
    assertThat(log.last("oreo/kl").orElseThrow()).isPositive();
    var spec = PolicySpec.frozen(Precision.FLOAT32).with(Head.VALUE);
    try (var critic = Policy.open(folder.resolve("whole/critic"), spec)) {
      assertThat(critic.changeable()).containsKey("value_head.weight");
    }
  }

  @Test
  void adaptersServeBothToo() throws IOException {
    resumes(
        Map.of(
            "adapter.r",
            "4",
            "adapter.lora_alpha",
            "8",
            "reference",
            "AdaptersOff",
            "adapter.lora_dropout",
            "0.1"),
        "model/adapter_model.safetensors",
        "critic/adapter_model.safetensors");
  }

  @Test
  void whatDoesNotFitIsSaidInOneLine() {
    assertThatThrownBy(() -> run("kept", false, Map.of("reference", "{Cached: {of: Frozen}}")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("use reference: Frozen");
    assertThatThrownBy(() ->
            run(
                "optimizer",
                false,
                Map.of(
                    "optimizer",
                    "{AdamW: {learning_rate: 1e-6}}",
                    "learning",
                    "{Offline: {num_train_epochs: 1}}",
                    "objective.Oreo.beta",
                    "-1")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("beta must be positive");
  }
}
