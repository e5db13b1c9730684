package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.journal.Journal;
import io.alidade.journal.MetricsLog;
import io.alidade.learning.Checkpoints;
import io.alidade.model.adapter.PeftConfig;
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

/// Loops that train two models, from files to files on a tiny random model.
class FastSlowRunTest {
  private static final Map<String, String> ADAPTER =
      Map.of("adapter.r", "4", "adapter.lora_alpha", "8", "reference", "AdaptersOff");

  @TempDir Path folder;

  @BeforeEach
  void stream() throws IOException {
    var rows = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      rows.append(
          "{\"prompt\": \"What is %d plus %d?\", \"chosen\": \" It is %d.\", \"rejected\": \" %d\", \"domain\": %d}\n"
              .formatted(i, i + 1, 2 * i + 1, 3 * i, i / 20));
    }
    Files.writeString(folder.resolve("pairs.jsonl"), rows);
  }

  private Path run(String recipe, String name, boolean resume, Map<String, String> settings) {
    var all = new LinkedHashMap<String, String>();
    all.put("model", "src/test/resources/golden/models/llama");
    all.put("data", folder.resolve("pairs.jsonl").toString());
    all.put("logging_steps", "2");
    all.put("save_steps", "3");
    all.put("save_total_limit", "9");
    all.put("per_device_train_batch_size", "4");
    all.put("gradient_accumulation_steps", "1");
    all.put("learning_rate_factor", "20000");
    all.putAll(settings);
    var out = folder.resolve(name);
    TrainingRun.run(
        Plan.load(recipe, "tiny", all), out, resume, folder, Journal.silent(), List.of());
    return out;
  }

  private void resumes(String recipe, Map<String, String> settings, String file)
      throws IOException {
    var whole = run(recipe, "whole", false, settings);
    var cut = Interrupted.after(6, whole, folder.resolve("cut"));
    assertThat(cut.resolve("checkpoints/checkpoint-6")).exists();
    run(recipe, "cut", true, settings);
    assertThat(cut.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
    assertThat(Interrupted.metrics(cut)).isEqualTo(Interrupted.metrics(whole));
  }

  @Test
  void aResumedPairOfAdaptersEndsWithTheSameBits() throws IOException {
    var settings = new LinkedHashMap<>(ADAPTER);
    settings.put("learning.FastSlow.swap_interval", "2");
    settings.put("adapter.lora_dropout", "0.1");
    settings.put("objective.FastSlowDpo.alpha", "2");
    resumes("ofs-dpo", settings, "model/adapter_model.safetensors");
    var log = MetricsLog.read(folder.resolve("whole"));
    assertThat(log.last("fast_slow/gap").orElseThrow()).isFinite().isNotZero();
    var last = new Checkpoints(folder.resolve("whole/checkpoints"), 9).latest().orElseThrow();
    assertThat(Files.readString(last.resolve("roles.json"))).contains("leader");
  }

  @Test
  void wholeModelsCanChaseEachOtherToo() {
    var out = run("ofs-dpo", "full", false, Map.of("max_steps", "3"));
    assertThat(out.resolve("model/model.safetensors")).exists();
  }

  @Test
  void aResumedStreamOfDomainsServesTheSameCombination() throws IOException {
    var settings = new LinkedHashMap<>(ADAPTER);
    settings.put("learning.CrossDomain.swap_interval", "2");
    settings.put("learning.CrossDomain.memory", "6");
    settings.put("learning.CrossDomain.solver_steps", "5");
    resumes("cofs-dpo", settings, "model/adapter_model.safetensors");
    assertThat(PeftConfig.read(folder.resolve("whole/model")).r())
        .as("both domains' adapters of rank 4")
        .isEqualTo(8);
  }

  @Test
  void whatDoesNotFitIsSaidInOneLine() {
    assertThatThrownBy(() -> run("cofs-dpo", "none", false, Map.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("combines adapters, and the scale trains none");
    assertThatThrownBy(() ->
            run(
                "ofs-dpo",
                "dpo",
                false,
                Map.of("objective", "{Dpo: {beta: 0.1, divergence: ReverseKl}}")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("it trains two models that report [RIVAL], which Dpo does not read");
    assertThatThrownBy(() ->
            run(
                "dpo",
                "chase",
                false,
                Map.of("objective", "{FastSlowDpo: {beta: 0.1, alpha: 0.5}}")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("this loop has one model; use learning: FastSlow");
    assertThatThrownBy(() ->
            run(
                "dpo",
                "speeds",
                false,
                Map.of("optimizer", "{TwoSpeeds: {slow_ratio: 0.5, adam: {learning_rate: 1e-6}}}")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("goes with a loop that trains two models");
  }
}
