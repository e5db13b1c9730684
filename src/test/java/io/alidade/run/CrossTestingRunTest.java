package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.data.Rows;
import io.alidade.example.Form;
import io.alidade.journal.Journal;
import io.alidade.journal.MetricsLog;
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

/// A loop that writes programs and tests, from files to files on a tiny random model, which writes
/// neither; what it would have written is put into the round's file.
class CrossTestingRunTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/models/llama");
  private static final String LEARNING = "learning.CrossTesting.";

  @TempDir Path folder;

  @BeforeEach
  void prompts() throws IOException {
    var rows = new StringBuilder();
    for (int i = 0; i < 4; i++) {
      rows.append("{\"prompt\": \"Write int times%d(int).\"}\n".formatted(i));
    }
    Files.writeString(folder.resolve("prompts.jsonl"), rows);
  }

  private Path run(String name, boolean resume, Map<String, String> settings) {
    var all = new LinkedHashMap<String, String>();
    all.put("model", MODEL.toString());
    all.put("data", folder.resolve("prompts.jsonl").toString());
    all.put("logging_steps", "1");
    all.put("eval_fraction", "0");
    all.put("per_device_train_batch_size", "4");
    all.put("gradient_accumulation_steps", "1");
    all.put("learning_rate_factor", "1000");
    all.put(LEARNING + "prompts_per_round", "4");
    all.put(LEARNING + "drawing.samples", "2");
    all.put(LEARNING + "tests", "2");
    all.put(LEARNING + "drawing.max_new_tokens", "4");
    all.put(
        LEARNING + "drawing.judge.CodeRunner.unprotected", "[" + String.join(", ", names()) + "]");
    all.putAll(settings);
    var out = folder.resolve(name);
    TrainingRun.run(
        Plan.load("dstc", "tiny", all), out, resume, folder, Journal.silent(), List.of());
    return out;
  }

  private static List<String> names() {
    return java.util.Arrays.stream(io.alidade.judge.code.Protection.values())
        .map(one -> one.name().toLowerCase(java.util.Locale.ROOT))
        .toList();
  }

  @Test
  void whatNobodyPassesIsCountedAndNothingIsLearned() {
    var out = run("silent", false, Map.of());
    assertThat(MetricsLog.read(out).last("cross/silent")).hasValue(1.0);
    assertThat(out.resolve("rounds/round-00000-learned.jsonl")).isEmptyFile();
    assertThat(out.resolve("model/model.safetensors"))
        .hasSameBinaryContentAs(MODEL.resolve("model.safetensors"));
  }

  /// A run whose round was written by hand.
  private Path written(Map<String, String> settings) throws IOException {
    var first = run("first", false, settings);
    var out = Interrupted.after(0, first, folder.resolve("written"));
    AtomicFiles.delete(out.resolve("rounds/round-00000-learned.jsonl"));
    var lines = new StringBuilder();
    for (int i = 0; i < 4; i++) {
      lines.append(
          ("{\"number\": %d, \"programs\": [\"int times(int x) { return 0; }\", \"int times(int x) { return %d * x; }\"],"
                  + " \"tests\": [\"assert times(1) == %d;\", \"assert times(1) == 99;\"],"
                  + " \"passes\": [[false, false], [true, false]]}\n")
              .formatted(i, i, i));
    }
    Files.writeString(out.resolve("rounds/round-00000.jsonl"), lines);
    return run("written", true, settings);
  }

  /// As KTO learns: chosen ones first, each a row with its label.
  @Test
  void bothSidesMayBeAnswersOfTheirOwn() throws IOException {
    var out =
        written(
            Map.of("objective", "{Kto: {beta: 0.1, desirable_weight: 1, undesirable_weight: 1}}"));
    try (var learned = Rows.open(out.resolve("rounds/round-00000-learned.jsonl"))) {
      assertThat(learned.form()).isEqualTo(Form.LABELLED);
    }
    var lines = Files.readAllLines(out.resolve("rounds/round-00000-learned.jsonl"));
    assertThat(lines).hasSize(8);
    assertThat(lines.subList(0, 4)).allMatch(line -> line.contains("\"label\":true"));
    assertThat(lines.subList(4, 8)).allMatch(line -> line.contains("\"label\":false"));
    assertThat(MetricsLog.read(out).last("loss").orElseThrow()).isPositive();
  }

  /// The baseline takes any passing combination against any failing one.
  @Test
  void aRandomPairIsTheBaseline() throws IOException {
    var out = written(Map.of(LEARNING + "selection", "random", LEARNING + "concat", "false"));
    var lines = Files.readAllLines(out.resolve("rounds/round-00000-learned.jsonl"));
    assertThat(lines)
        .hasSize(4)
        .allMatch(line -> line.contains("* x; }\\n```\",\"rejected")) // the one that passes
        .noneMatch(line -> line.contains("assert")); // the instruction stands as it is
  }

  @Test
  void aPairOfProgramAndTestIsLearnedFrom() throws IOException {
    var out = written(Map.of());
    try (var learned = Rows.open(out.resolve("rounds/round-00000-learned.jsonl"))) {
      assertThat(learned.form()).isEqualTo(Form.PAIR);
      assertThat(learned.count()).isEqualTo(4);
    }
    assertThat(Files.readAllLines(out.resolve("rounds/round-00000-learned.jsonl")).getFirst())
        .contains("return 0 * x; }\\n\\nassert times(1) == 0;")
        .contains("\"prompt\":\"Write int times0(int).\\n\\nWrite it, and after it assert")
        .contains("return 0; }\\n\\nassert times(1) == 0;");
    var log = MetricsLog.read(out);
    assertThat(log.last("cross/pairs")).hasValue(1.0);
    assertThat(log.last("cross/passed")).hasValue(0.25);
    assertThat(log.last("loss").orElseThrow()).isPositive();
  }

  @Test
  void whatDoesNotFitIsSaidInOneLine() {
    assertThatThrownBy(() -> run("ask", false, Map.of(LEARNING + "ask", "Write tests.")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("put {prompt} into it");
    assertThatThrownBy(() ->
            run(
                "judge",
                false,
                Map.of(LEARNING + "drawing.judge", "{Length: {target: 12, scale: 4}}")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("must be a CodeRunner");
  }
}
