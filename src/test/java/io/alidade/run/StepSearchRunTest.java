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
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A loop that searches, from files to files on a tiny random model: an answer is right if it says
/// an `e`.
class StepSearchRunTest {
  private static final String LEARNING = "learning.StepSearch.";

  @TempDir Path folder;

  @BeforeEach
  void prompts() throws IOException {
    var rows = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      rows.append(
          "{\"prompt\": \"What is %d plus %d?\", \"answer\": \"%d\"}\n"
              .formatted(i, i + 1, 2 * i + 1));
    }
    Files.writeString(folder.resolve("prompts.jsonl"), rows);
  }

  private Path run(String name, boolean resume, List<String> said, Map<String, String> settings) {
    var all = new LinkedHashMap<String, String>();
    all.put("model", "src/test/resources/golden/models/llama");
    all.put("data", folder.resolve("prompts.jsonl").toString());
    all.put("logging_steps", "1");
    all.put("save_steps", "1");
    all.put("save_total_limit", "9");
    all.put("per_device_train_batch_size", "4");
    all.put("gradient_accumulation_steps", "1");
    all.put("learning_rate_factor", "1000");
    all.put(LEARNING + "rounds", "2");
    all.put(LEARNING + "prompts_per_round", "4");
    all.put(LEARNING + "drawing.judge", "{Matches: {regex: \"(?s).*e.*\"}}");
    all.put(LEARNING + "drawing.max_new_tokens", "6");
    all.put(LEARNING + "tree.simulations", "2");
    all.put(LEARNING + "tree.step_tokens", "2");
    all.put(LEARNING + "tree.separator", "e");
    all.putAll(settings);
    var out = folder.resolve(name);
    TrainingRun.run(
        Plan.load("mcts-dpo", "tiny", all), out, resume, folder, new Lines(said), List.of());
    return out;
  }

  /// Journal that keeps messages.
  private record Lines(List<String> lines) implements Journal {
    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {}

    @Override
    public void message(String line) {
      lines.add(line);
    }

    @Override
    public void close() {}
  }

  @Test
  void aSearchKeepsItsTreesAndLearnsFromItsPairs() throws IOException {
    var out = run("whole", false, new ArrayList<>(), Map.of("eval_fraction", "0.2"));
    assertThat(out.resolve("model/model.safetensors")).exists();
    try (var learned = Rows.open(out.resolve("rounds/round-00001-learned.jsonl"))) {
      assertThat(learned.form()).isEqualTo(Form.PAIR);
      assertThat(learned.count()).isPositive();
      learned.row(0); // the format that training reads
    }
    var trees = Files.readAllLines(out.resolve("rounds/round-00000.jsonl"));
    assertThat(trees).hasSize(4);
    var tree = Json.parse("tree", trees.getFirst());
    assertThat(tree.path("nodes").size()).isGreaterThan(4);
    assertThat(tree.path("nodes").get(0).path("N").asInt()).isEqualTo(8); // four times two
    var log = MetricsLog.read(out);
    assertThat(log.last("tree/exhausted")).hasValue(0.0);
    assertThat(log.last("tree/nodes").orElseThrow()).isGreaterThan(4);
    assertThat(log.last("mcts/epsilon").orElseThrow()).isBetween(0.0, 0.5);
  }

  @Test
  void aRunThatWasKilledInTheMiddleOfASearchEndsWithTheSameBits() throws IOException {
    var whole = run("whole", false, new ArrayList<>(), Map.of());
    var cut = Interrupted.after(1, whole, folder.resolve("cut"));
    for (var file : List.of("round-00001.jsonl", "round-00001-learned.jsonl")) {
      AtomicFiles.delete(cut.resolve("rounds").resolve(file));
    }
    run("cut", true, new ArrayList<>(), Map.of());
    for (var file :
        List.of(
            "model/model.safetensors",
            "rounds/round-00001.jsonl",
            "rounds/round-00001-learned.jsonl")) {
      assertThat(cut.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
    }
    assertThat(Interrupted.metrics(cut)).isEqualTo(Interrupted.metrics(whole));
  }

  /// A judge says how good the steps are so far, an answer is over at its first `a`, and steps are
  /// drawn at a temperature.
  @Test
  void aJudgeOfStepsAConclusionAndDrawnCommitments() throws IOException {
    var out =
        run(
            "process",
            false,
            new ArrayList<>(),
            Map.of(
                LEARNING + "process",
                "{Length: {target: 2, scale: 2}}",
                LEARNING + "conclusion",
                "a",
                LEARNING + "tree.temperature",
                "0.5",
                LEARNING + "tree.multiple_choice",
                "true"));
    int concluded = 0;
    for (var line : Files.readAllLines(out.resolve("rounds/round-00000.jsonl"))) {
      for (var node : Json.parse("tree", line).path("nodes")) {
        double value = node.path("R").asDouble();
        if (node.path("step").asString().contains("a")) {
          assertThat(node.path("terminal").asBoolean()).isTrue();
          concluded++;
        } else if (!node.path("terminal").asBoolean()) {
          assertThat(value).isGreaterThan(0).isLessThan(1); // a sigmoid, where 1 stood without it
        }
      }
    }
    assertThat(concluded).isPositive();
  }

  @Test
  void onlyOneMaySayHowGoodAStateIs() {
    assertThatThrownBy(() ->
            run(
                "both",
                false,
                new ArrayList<>(),
                Map.of(
                    LEARNING + "process",
                    "{Length: {target: 2, scale: 2}}",
                    LEARNING + "evaluation",
                    "{ask: \"Right?\", right: [\"yes\"]}")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("set one of them");
  }

  @Test
  void aSearchThatRunsOutOfItsBudgetIsSaidInOneLine() {
    var said = new ArrayList<String>();
    var out = run("budget", false, said, Map.of(LEARNING + "tree.budget", "3"));
    assertThat(said)
        .filteredOn(line -> line.contains("ran out of their budget of 3 tokens"))
        .hasSize(2)
        .first()
        .asString()
        .startsWith("round 1: 4 of 4 searches");
    assertThat(MetricsLog.read(out).last("tree/exhausted")).hasValue(1.0);
    assertThat(out.resolve("model/model.safetensors")).as("nothing is lost").exists();
  }

  @Test
  void thePolicyMayBeAskedOfItsOwnSteps() throws IOException {
    var out =
        run(
            "asked",
            false,
            new ArrayList<>(),
            Map.of(
                LEARNING + "rounds",
                "1",
                LEARNING + "evaluation",
                "{ask: \" Right answer {answer}. Is this right? \", right: [\"Yes\", \"yes\"]}"));
    var nodes =
        Json.parse("tree", Files.readAllLines(out.resolve("rounds/round-00000.jsonl")).getFirst())
            .path("nodes");
    double sure = nodes.get(0).path("R").asDouble();
    assertThat(sure).isStrictlyBetween(0.0, 1.0);
    assertThat(nodes.get(1).path("R").asDouble()).isNotEqualTo(sure);
  }

  @Test
  void whatDoesNotFitIsSaidInOneLine() {
    assertThatThrownBy(
            () -> run("none", false, new ArrayList<>(), Map.of(LEARNING + "tree.separator", "§§§")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no token of the vocabulary ends with");
    assertThatThrownBy(
            () -> run("sft", false, new ArrayList<>(), Map.of("objective", "{GivenSft: {}}")))
        .isInstanceOf(UserException.class);
    assertThatThrownBy(
            () -> run("wpo", false, new ArrayList<>(), Map.of(LEARNING + "tree.depth", "0")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("depth must be at least 1");
  }

  /// A solution that the data hold is a way through every tree, at the cost of no draw.
  @Test
  void aGivenSolutionIsPutIntoTheTree() throws IOException {
    var rows = new StringBuilder();
    for (int i = 0; i < 4; i++) {
      rows.append("{\"prompt\": \"What is %d?\", \"completion\": \" e no e\"}\n".formatted(i));
    }
    Files.writeString(folder.resolve("solved.jsonl"), rows);
    var settings =
        Map.of(
            "data",
            folder.resolve("solved.jsonl").toString(),
            LEARNING + "rounds",
            "1",
            LEARNING + "tree.step_tokens",
            "9",
            LEARNING + "drawing.max_new_tokens",
            "9",
            LEARNING + "inject",
            "true");
    var steps = run("steps", false, new ArrayList<>(), settings).resolve("rounds");
    for (var line : Files.readAllLines(steps.resolve("round-00000.jsonl"))) {
      var first = Json.parse("tree", line).path("nodes").get(1);
      assertThat(first.path("parent").asInt()).isZero();
      assertThat(first.path("step").asString()).isEqualTo(" e");
      assertThat(first.path("logps").size()).isEqualTo(first.path("ids").size());
    }
    var whole = new LinkedHashMap<>(settings);
    whole.put(LEARNING + "tree.depth", "1"); // whole answers
    var answers = run("whole", false, new ArrayList<>(), whole).resolve("rounds");
    for (var line : Files.readAllLines(answers.resolve("round-00000.jsonl"))) {
      var tree = Json.parse("tree", line);
      var first = tree.path("nodes").get(1);
      assertThat(first.path("step").asString()).isEqualTo(" e no e");
      assertThat(first.path("terminal").asBoolean()).isTrue();
      assertThat(first.path("R").asDouble())
          .as("1 without self-evaluation, and 1 rather than 1.25 for right but given words")
          .isEqualTo(2);
      assertThat(tree.path("drawn").asInt()).isLessThanOrEqualTo(9); // one rest, as nothing is new
    }
    var bare = new LinkedHashMap<>(settings);
    bare.remove("data");
    assertThatThrownBy(() -> run("bare", false, new ArrayList<>(), bare))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no answer in the data, and so no solution");
  }
}
