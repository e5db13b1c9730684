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
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
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
  void aHeadOnTheTrunkAndAnAverageResumeTheSameBits() throws IOException {
    var settings =
        new LinkedHashMap<>(
            Map.of(
                "learning",
                "{SoftBellman: {num_train_epochs: 1, shared_trunk: true, average: 0.8}}",
                "objective.Oreo.averaged",
                "true"));
    resumes(settings, "model/model.safetensors", "critic/model.safetensors");
    var spec = PolicySpec.frozen(Precision.FLOAT32).with(Head.VALUE);
    try (var critic = Policy.open(folder.resolve("whole/critic"), spec);
        var model =
            Policy.open(folder.resolve("whole/model"), PolicySpec.frozen(Precision.FLOAT32));
        var _ = new Step()) {
      assertThat(critic.logits(1, 2, 3).equal(model.logits(1, 2, 3))).isTrue();
      var head = critic.changeable().get("value_head.weight");
      assertThat(Ops.number(java.util.Objects.requireNonNull(head).abs().max())).isPositive();
    }
  }

  @Test
  void anAdaptersTrunkBearsAHeadToo() throws IOException {
    resumes(
        Map.of(
            "adapter.r",
            "4",
            "adapter.lora_alpha",
            "8",
            "reference",
            "AdaptersOff",
            "learning",
            "{SoftBellman: {num_train_epochs: 1, shared_trunk: true, average: 0.8}}",
            "objective.Oreo.averaged",
            "true"),
        "model/adapter_model.safetensors",
        "critic/adapter_model.safetensors");
    var spec =
        PolicySpec.frozen(Precision.FLOAT32)
            .with(Head.VALUE)
            .withAdapter(folder.resolve("whole/critic"));
    try (var critic = Policy.open(Path.of("src/test/resources/golden/models/llama"), spec)) {
      assertThat(critic.adapted()).isTrue();
    }
  }

  @Test
  void anAverageAndAnObjectiveThatReadsItBelongTogether() {
    assertThatThrownBy(() -> run("one", false, Map.of("objective.Oreo.averaged", "true")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("learning.SoftBellman.average");
    assertThatThrownBy(() -> run("two", false, Map.of("learning.SoftBellman.average", "0.9")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("RIVAL");
    assertThatThrownBy(() -> run("three", false, Map.of("learning.SoftBellman.average", "1")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("average");
  }

  /// Two rounds of drawn answers, right ones and wrong ones as they are.
  @Test
  void roundsDrawTheirOwnAnswersAndResumeTheSameBits() throws IOException {
    var settings = new LinkedHashMap<String, String>();
    settings.put(
        "learning",
        "{SoftBellmanRounds: {rounds: 2, prompts_per_round: 16, num_train_epochs: 1, keep: 1, drawing: {judge: {Length: {target: 3, scale: 4}}, samples: 3, max_new_tokens: 4, temperature: 1.0}}}");
    resumes(settings, "model/model.safetensors", "critic/model.safetensors");
    var log = MetricsLog.read(folder.resolve("whole"));
    assertThat(log.last("outcome/kept").orElseThrow()).isBetween(1.0, 2.0);
    assertThat(Files.readAllLines(folder.resolve("whole/rounds/round-00001-learned.jsonl")))
        .allMatch(line -> line.contains("\"label\":"));
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
