package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.journal.Journal;
import io.alidade.learning.Checkpoints;
import io.alidade.recipe.Plan;
import io.alidade.store.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Loops that are taken up from any of their checkpoints end with the bits of a run that went
/// through. ([ResumeTest] kills processes; this cuts folders, which is quicker.)
class CutLoopsTest {
  private static final String LENGTH = "{Length: {target: 12, scale: 4}}";

  private static final long STEPS = 2; // a round

  @TempDir Path folder;

  @BeforeEach
  void data() throws IOException {
    var prompts = new StringBuilder();
    for (int i = 0; i < 24; i++) {
      prompts.append("{\"prompt\": \"What is %d plus %d?\"}\n".formatted(i, i + 1));
    }
    Files.writeString(folder.resolve("prompts.jsonl"), prompts);
  }

  private Map<String, String> rounds(String... more) {
    var all = new LinkedHashMap<String, String>();
    all.put("data", folder.resolve("prompts.jsonl").toString());
    var learning = "learning.Iterative.";
    all.put(learning + "rounds", "3");
    all.put(learning + "prompts_per_round", "8");
    all.put(learning + "drawing.judge", LENGTH);
    all.put(learning + "drawing.max_new_tokens", "6");
    all.put("per_device_train_batch_size", "2"); // and two passes a step
    all.put("learning_rate_factor", "2000"); // so that rounds differ
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return all;
  }

  private Path run(String name, String recipe, boolean resume, Map<String, String> settings) {
    var all = new LinkedHashMap<>(settings);
    all.put("model", "src/test/resources/golden/models/llama");
    all.put("logging_steps", "1");
    all.put("eval_fraction", "0");
    all.put("save_steps", "1");
    all.put("save_total_limit", "100");
    var out = folder.resolve(name);
    TrainingRun.run(
        Plan.load(recipe, "tiny", all), out, resume, folder, Journal.silent(), List.of());
    return out;
  }

  /// A copy of a finished run as it was after some steps: later checkpoints, later rounds and the
  /// model are gone.
  private Path cut(Path whole, long step, long stepsOfARound) throws IOException {
    var cut = folder.resolve("cut-" + step);
    try (var files = Files.walk(whole)) {
      for (var file : (Iterable<Path>) files::iterator) {
        var relative = whole.relativize(file);
        boolean later =
            relative.startsWith("checkpoints")
                && relative.getNameCount() > 1
                && Checkpoints.step(relative.subpath(0, 2)) > step;
        boolean lost =
            relative.startsWith("model")
                || (relative.startsWith("rounds")
                    && relative.getNameCount() > 1
                    && begun(stepsOfARound, relative.getFileName().toString()) >= step);
        if (!later && !lost && Files.isRegularFile(file)) {
          var copy = cut.resolve(relative);
          Files.createDirectories(copy.getParent());
          Files.copy(file, copy);
        }
      }
    }
    AtomicFiles.delete(cut.resolve("report.html"));
    return cut;
  }

  /// The steps done when the round of a file begins.
  private static long begun(long steps, String file) {
    return steps * Long.parseLong(file.substring("round-".length(), "round-".length() + 5));
  }

  private void same(String recipe, Map<String, String> settings, long... steps) throws IOException {
    var whole = run("whole", recipe, false, settings);
    for (long step : steps) {
      var cut =
          run(
              cut(whole, step, recipe.equals("hypo") ? 1 : STEPS).getFileName().toString(),
              recipe,
              true,
              settings);
      assertThat(cut.resolve("model/model.safetensors"))
          .as("cut after step %d", step)
          .hasSameBinaryContentAs(whole.resolve("model/model.safetensors"));
      try (var rounds = Files.list(whole.resolve("rounds"))) {
        for (var round : (Iterable<Path>) rounds::iterator) {
          assertThat(cut.resolve("rounds").resolve(round.getFileName().toString()))
              .hasSameBinaryContentAs(round);
        }
      }
      assertThat(metrics(cut)).isEqualTo(metrics(whole));
    }
  }

  private static List<String> metrics(Path run) throws IOException {
    return Files.readString(run.resolve("metrics.jsonl"))
        .lines()
        .map(line -> line.replaceAll("\"seconds\":[^,}]*", "\"seconds\":0"))
        .toList();
  }

  /// Two steps a round: cut within a round, and where the policy is about to be pushed.
  @ParameterizedTest
  @CsvSource({"float32, 3", "bfloat16, 2"})
  void momentumOverRoundsGoesOnWhereItWas(String precision, long step) throws IOException {
    same("apo", rounds("dtype", precision), step);
  }

  /// Advantages among the prompts of a round, with two steps on each.
  @Test
  void advantagesAmongPromptsAreThoseOfTheWholeRound() throws IOException {
    same("copo", rounds(), 3);
  }

  /// Pairs with fresh answers beside them: the same answers are drawn again, or read.
  @Test
  void freshAnswersBesidePairsAreTheSameAgain() throws IOException {
    var rows = new StringBuilder();
    for (int i = 0; i < 16; i++) {
      rows.append(
          "{\"prompt\": \"What is %d plus %d?\", \"chosen\": \" It is %d.\", \"rejected\": \" It is %d.\"}\n"
              .formatted(i, i + 1, 2 * i + 1, 3 * i));
    }
    var data = folder.resolve("pairs.jsonl");
    Files.writeString(data, rows);
    var settings = new LinkedHashMap<String, String>();
    settings.put("data", data.toString());
    settings.put("max_steps", "3");
    settings.put("per_device_train_batch_size", "2");
    settings.put("learning_rate_factor", "2000");
    settings.put("objective.HyPo.lambda", "0.5");
    settings.put("learning.Hybrid.companions.max_new_tokens", "6");
    same("hypo", settings, 1);
    settings.put("objective.HyPo.online_every", "2");
    var rare = run("rare", "hypo", false, settings).resolve("rounds");
    assertThat(rare.resolve("round-00001.jsonl")).as("the second of two steps draws").exists();
    assertThat(rare.resolve("round-00000.jsonl")).doesNotExist();
    assertThat(rare.resolve("round-00002.jsonl")).doesNotExist();
    settings.remove("objective.HyPo.online_every");
    settings.put("objective.HyPo.lambda", "0");
    var without = run("without", "hypo", false, settings);
    assertThat(
            same(
                without.resolve("model/model.safetensors"),
                folder.resolve("whole/model/model.safetensors")))
        .as("the divergence does something")
        .isFalse();
    var drawn = Files.readAllLines(without.resolve("rounds/round-00000.jsonl"));
    assertThat(drawn).hasSize(4);
    assertThat(drawn.getFirst()).contains("completion_ids", "completions", "pairs.jsonl:");
    settings.put("objective.HyPo.lambda", "0.5");
    settings.put("objective.HyPo.estimate", "token_exact");
    settings.put("learning.Hybrid.companions.samples", "1");
    var exact = run("exact", "hypo", false, settings);
    assertThat(
            same(
                without.resolve("model/model.safetensors"),
                exact.resolve("model/model.safetensors")))
        .as("one answer a prompt is enough for whole predictions")
        .isFalse();
  }

  /// Without momentum APO is DPO in rounds; in a single round it always is.
  @Test
  void withoutMomentumItIsDpoInRounds() {
    var plain = rounds("reference", "PreviousStage");
    var rounds = run("rounds", "apo", false, plain);
    var without = run("without", "apo", false, rounds("reference", "{Extrapolated: {alpha: 0}}"));
    assertThat(without.resolve("model/model.safetensors"))
        .hasSameBinaryContentAs(rounds.resolve("model/model.safetensors"));
    var with = run("with", "apo", false, rounds());
    assertThat(Files.exists(with.resolve("rounds/round-00002.jsonl"))).isTrue();
    assertThat(with.resolve("rounds/round-00001.jsonl").toFile())
        .as("the second round draws from the pushed policy")
        .doesNotHave(
            new org.assertj.core.api.Condition<>(
                file -> same(file.toPath(), rounds.resolve("rounds/round-00001.jsonl")),
                "the same content"));
    plain.put("learning.Iterative.rounds", "1");
    var one = run("one", "apo", false, plain);
    plain.put("reference", "{Extrapolated: {alpha: 0.3}}");
    var pushed = run("pushed", "apo", false, plain);
    assertThat(pushed.resolve("model/model.safetensors"))
        .hasSameBinaryContentAs(one.resolve("model/model.safetensors"));
  }

  private static boolean same(Path left, Path right) {
    try {
      return Files.mismatch(left, right) < 0;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
