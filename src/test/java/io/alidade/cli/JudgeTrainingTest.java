package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.data.Rows;
import io.alidade.example.Form;
import io.alidade.journal.MetricsLog;
import io.alidade.store.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Judges that are trained and used from the command line: contexts, ratings, directions, vectors.
class JudgeTrainingTest {
  private static final String MODEL = "src/test/resources/golden/models/llama";
  private static final String LENGTHS =
      "Directional: {judge: {Weighted: {judges: {short: {Length: {target: 0, scale: 10}}, long:"
          + " {Length: {target: 90, scale: 10}}}, weights: {short: 1, long: 0}}}, column: direction,"
          + " objectives: [short, long], deviations: [1, 1]}";

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }

  private Path train(String recipe, Path data, String... settings) {
    var to = folder.resolve(recipe);
    var args =
        new ArrayList<>(
            List.of(
                "train", recipe, "--model", MODEL, "--data", data.toString(), "--out", to + ""));
    for (var setting : settings) {
      args.addAll(List.of("--set", setting));
    }
    args.addAll(List.of("--set", "logging_steps=1", "--set", "eval_fraction=0"));
    assertThat(run(args.toArray(String[]::new))).as(() -> err.toString()).isZero();
    return to;
  }

  private Path rows(String name, String line, int count) throws IOException {
    var text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append(line.replace("#", "" + i)).append('\n');
    }
    return Files.writeString(folder.resolve(name), text);
  }

  private Path opposed() throws IOException {
    return rows(
        "rpr.jsonl",
        "{\"prompt\": \"What is # plus #?\", \"response_a\": \" Some.\", \"response_b\": \" Twice #, I"
            + " think.\", \"criteria_x\": \"be brief\", \"criteria_y\": \"be exact\", \"scenario_x\":"
            + " \"in a hurry\", \"scenario_y\": \"at school\"}",
        6);
  }

  @ParameterizedTest
  @ValueSource(strings = {"carm", "context-dpo"})
  void opposedContextsAreLearnedFrom(String recipe) throws IOException {
    var to = train(recipe, opposed(), "max_steps=2", "learning_rate_factor=10");
    assertThat(to.resolve("model/model.safetensors")).exists();
    assertThat(MetricsLog.read(to).last("loss").orElseThrow()).isFinite().isPositive();
  }

  @Test
  void preparedPairsMeasureAJudgeAndOneThatIgnoresTheContextIsRightHalfTheTime()
      throws IOException {
    var pairs = folder.resolve("pairs.jsonl");
    assertThat(
            run("prepare", "carm", "--model", MODEL, "--data", opposed() + "", "--out", pairs + ""))
        .as(() -> err.toString())
        .isZero();
    assertThat(out.toString()).contains("24 rows");
    var judge = "Length: {target: 0, scale: 1}";
    var to = folder.resolve("judged");
    assertThat(run("evaluate", "--judge", judge, "--data", pairs + "", "--out", to + "")).isZero();
    var found = Json.readObject(to.resolve("evaluate.json")).path("rows");
    assertThat(found.path("all").path("judge/accuracy").doubleValue()).isEqualTo(0.5);
    assertThat(found.path("subset scenario").path("judge/pairs").intValue()).isEqualTo(12);
    assertThat(
            run(
                "train",
                "reward",
                "--model",
                MODEL,
                "--data",
                opposed() + "",
                "--out",
                to + "-reward"))
        .isEqualTo(1);
    assertThat(err.toString()).contains("choose recipe carm or context-dpo");
  }

  @ParameterizedTest
  @ValueSource(strings = {"mapl", "mapl-reward"})
  void instructionsThatAProgramChecksAreLearnedFrom(String recipe) throws IOException {
    var pairs =
        rows(
            "pairs.jsonl",
            "{\"prompt\": \"What is #?\", \"chosen\": \" It is #, I think.\", \"rejected\": \" No idea! Ask.\"}",
            4);
    var to = train(recipe, pairs, "max_steps=3", "per_device_train_batch_size=8");
    var log = MetricsLog.read(to);
    for (var level : List.of("answers", "prompts", "pairs")) {
      assertThat(log.last("level/" + level).orElseThrow()).isBetween(0.0, 1.0);
    }
    assertThat(log.last("loss").orElseThrow()).isPositive();
    assertThat(to.resolve("model/model.safetensors")).exists();
  }

  @Test
  void ratingsTrainAModelOfSeveralObjectives() throws IOException {
    var data =
        rows(
            "ratings.jsonl",
            "{\"prompt\": \"Question #\", \"completion\": \" Answer #.\", \"helpfulness\": 3,"
                + " \"verbosity\": 1, \"correctness\": 4, \"coherence\": 4, \"complexity\": 0}",
            4);
    Files.writeString(
        data,
        "{\"prompt\": \"Another\", \"completion\": \" one.\", \"verbosity\": 2}\n",
        java.nio.file.StandardOpenOption.APPEND);
    var to = train("dpa-reward", data, "max_steps=2");
    assertThat(MetricsLog.read(to).last("rating/absolute_error").orElseThrow()).isPositive();
    var labels = Json.readObject(to.resolve("model/config.json")).path("id2label");
    assertThat(labels.size()).isEqualTo(5);
  }

  @Test
  void aHeadIsFittedToRatingsWithoutTrainingAndJudges() throws IOException {
    var lines = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      lines.append(
          "{\"prompt\": \"Say\", \"completion\": \" %s\", \"ends_b\": %d%s}\n"
              .formatted(i + (i % 2 == 0 ? " a" : " b"), i % 2, i % 5 == 0 ? "" : ", \"one\": 1"));
    }
    var data = Files.writeString(folder.resolve("ratings.jsonl"), lines.toString());
    var to = folder.resolve("ridge");
    String[] fit = {
      "ridge", "--model", MODEL, "--data", data + "", "--attributes", "ends_b,one", "--out", to + ""
    };
    assertThat(run(fit)).as(() -> err.toString()).isZero();
    assertThat(out.toString()).contains("variance explained", "correlation with ends_b");
    assertThat(out.toString()).containsPattern("ends_b +\\S+ +\\S+ +1.000 +1(\\.0+)?\\s");
    var pairs =
        rows(
            "pairs.jsonl",
            "{\"prompt\": \"Say\", \"chosen\": \" 9# b\", \"rejected\": \" 9# a\"}",
            6);
    var judge = "RewardModel: {model: " + to + ", weights: [1, 0], temperature: 1}";
    assertThat(
            run(
                "evaluate",
                "--judge",
                judge,
                "--data",
                pairs + "",
                "--out",
                folder.resolve("j") + ""))
        .as(() -> err.toString())
        .isZero();
    assertThat(
            Json.readObject(folder.resolve("j/evaluate.json"))
                .at("/rows/all/judge~1accuracy")
                .doubleValue())
        .isEqualTo(1);
    fit[6] = "wit";
    fit[8] = to + "2";
    assertThat(run(fit)).isEqualTo(1);
    assertThat(err.toString()).contains("rating 'wit': 0 rows to learn from");
  }

  @Test
  void directionsAreLearnedInRoundsAndAnswersSteered() throws IOException {
    var rated =
        rows(
            "rated.jsonl",
            "{\"prompt\": \"Say #\", \"completions\": [\" a\", \" b c d\"], \"scores\": [2, 1],"
                + " \"helpfulness\": [0.7, 0.6], \"verbosity\": [0.1, 0.9]}",
            4);
    var warm = train("dpa-warm-start", rated, "max_steps=2");
    assertThat(warm.resolve("model/model.safetensors")).exists();
    var prompts = rows("prompts.jsonl", "{\"prompt\": \"Say #\"}", 6);
    var drawing = "learning.Iterative.drawing.";
    var to =
        train(
            "dpa",
            prompts,
            "learning.Iterative.rounds=2",
            "learning.Iterative.prompts_per_round=4",
            drawing + "max_new_tokens=5",
            drawing + "samples=3",
            drawing + "judge={" + LENGTHS + "}");
    try (var drawn = Rows.open(to.resolve("rounds/round-00001.jsonl"));
        var learned = Rows.open(to.resolve("rounds/round-00001-learned.jsonl"))) {
      assertThat(learned.form()).isEqualTo(Form.DEMONSTRATION);
      assertThat(learned.row(0).prompt().toString()).contains("weighted rating = helpfulness*");
      assertThat(drawn.cells(0)).containsKeys("short", "long");
    }
    var steered = folder.resolve("steered.jsonl");
    String[] steer = {
      "steer",
      "--model",
      MODEL,
      "--judge",
      LENGTHS,
      "--direction",
      "60",
      "--prompt",
      "Say 7",
      "--k",
      "3",
      "--max-new-tokens",
      "5",
      "--seed",
      "3",
      "--out",
      steered + ""
    };
    assertThat(run(steer)).as(() -> err.toString()).isZero();
    var first = Files.readString(steered);
    var line = Json.parse("steered", first);
    var candidates = line.path("candidates");
    assertThat(candidates.size()).isEqualTo(3);
    double most = Double.NEGATIVE_INFINITY;
    for (var candidate : candidates) {
      most = Math.max(most, candidate.path("worth").doubleValue());
      assertThat(candidate.path("direction").get(0).doubleValue())
          .as("30 to 90 degrees, moved to 45 at most")
          .isBetween(Math.cos(Math.toRadians(45)) - 1e-9, Math.cos(Math.toRadians(30)) + 1e-9);
    }
    assertThat(line.path("worth").doubleValue()).isEqualTo(most);
    assertThat(run(steer)).isZero();
    assertThat(Files.readString(steered)).as("the same seed, the same bits").isEqualTo(first);
    steer[6] = "up";
    assertThat(run(steer)).isEqualTo(1);
    assertThat(err.toString()).contains("--direction up: give degrees such as 30");
  }

  @Test
  void aPreferenceModelIsTrainedAndJudgesRoundsOfItsOwn() throws IOException {
    var pairs =
        rows(
            "pairs.jsonl",
            "{\"prompt\": \"What is #?\", \"chosen\": \" It is #.\", \"rejected\": \" No idea.\"}",
            6);
    var gpm = train("gpm", pairs, "max_steps=2");
    var prompts = rows("asked.jsonl", "{\"prompt\": \"What is #?\"}", 6);
    var drawing = "learning.Iterative.drawing.";
    var to =
        train(
            "iterative-gpo",
            prompts,
            "learning.Iterative.rounds=2",
            "learning.Iterative.prompts_per_round=4",
            drawing + "max_new_tokens=5",
            drawing + "judge.PreferenceModel.model=" + gpm.resolve("model"));
    try (var learned = Rows.open(to.resolve("rounds/round-00001-learned.jsonl"))) {
      assertThat(learned.form()).isEqualTo(Form.RANKING);
      for (double score : learned.row(0).signals().values().iterator().next()) {
        assertThat(score).as("scores over 0.1 of unit vectors").isBetween(-10.0, 10.0);
      }
    }
    assertThat(run("list")).isZero();
    assertThat(out.toString())
        .contains("Judge  Who says which answer is better")
        .containsPattern("PreferenceModel \\{model[^}]*}[^{]*arXiv:2410.02197");
  }
}
