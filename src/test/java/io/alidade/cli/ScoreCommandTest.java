package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.evaluation.CalibrationError;
import io.alidade.store.Json;
import io.alidade.tokenizer.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// `score`: log-likelihoods and rewards of rows.
class ScoreCommandTest extends FinishedModel {
  @Test
  void scoresAreThoseOfTheReferenceTrainer() throws IOException {
    var golden =
        Json.readObject(Golden.path("training/dpo_plain.json")).path("reference_logps_per_row");
    int code =
        run(
            new ScoreCommand(),
            "--model",
            model("llama"),
            "--data",
            data("preference_plain"),
            "--out",
            at("s.jsonl"),
            "--max-length",
            "256",
            "--per-token");
    assertThat(out.toString()).contains("64 rows, 64 scored, 0 dropped").contains("accuracy 0.");
    assertThat(code).isZero();
    var lines = lines("s.jsonl");
    assertThat(lines).hasSize(64);
    for (int r = 0; r < 64; r++) {
      var line = lines.get(r);
      assertThat(line.path("row").asInt()).isEqualTo(r + 1);
      for (var side : List.of("chosen", "rejected")) {
        double logps = line.path("logps/" + side).asDouble();
        assertThat(logps).isCloseTo(golden.path(side).get(r).asDouble(), within(2e-3));
        var tokens = line.path("logps/" + side + "_per_token");
        assertThat(tokens.size()).isEqualTo(line.path("tokens/" + side).asInt());
        assertThat(tokens.valueStream().mapToDouble(JsonNode::asDouble).sum())
            .isCloseTo(logps, within(1e-9));
      }
      assertThat(line.has("rewards/chosen")).isFalse();
    }
  }

  @Test
  void aReferenceGivesRewards() throws IOException {
    var adapter = model("llama_lora");
    assertThat(
            run(
                new ScoreCommand(),
                "--model",
                model("llama"),
                "--adapter",
                adapter,
                "--reference",
                model("llama"),
                "--data",
                data("preference_plain"),
                "--out",
                at("s.jsonl"),
                "--beta",
                "0.5"))
        .isZero();
    double margins = 0;
    int right = 0;
    var chosen = new ArrayList<Double>();
    var rejected = new ArrayList<Double>();
    var rewards = new ArrayList<Double>();
    var lines = lines("s.jsonl");
    for (var line : lines) {
      for (var side : List.of("chosen", "rejected")) {
        double difference =
            line.path("logps/" + side).asDouble() - line.path("ref_logps/" + side).asDouble();
        assertThat(difference).isNotZero();
        assertThat(line.path("rewards/" + side).asDouble())
            .isCloseTo(0.5 * difference, within(1e-9));
      }
      double margin =
          line.path("rewards/chosen").asDouble() - line.path("rewards/rejected").asDouble();
      margins += margin;
      rewards.add(margin);
      chosen.add(line.path("logps/chosen").asDouble() / line.path("tokens/chosen").asInt());
      rejected.add(line.path("logps/rejected").asDouble() / line.path("tokens/rejected").asInt());
      right += margin > 0 ? 1 : 0;
    }
    assertThat(out.toString())
        .contains(
            String.format(
                java.util.Locale.ROOT,
                "rewards   accuracy %.4f, margin %.4f, calibration error %.4f over 64 pairs",
                right / 64.0,
                margins / 64,
                CalibrationError.preference(numbers(rewards))))
        .contains(
            String.format(
                java.util.Locale.ROOT,
                "calibration error %.4f over 64 pairs%n  rewards",
                CalibrationError.generation(numbers(chosen), numbers(rejected))));
  }

  private static double[] numbers(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  @Test
  void everyFormAndDroppedRowsHaveALine() throws IOException {
    Files.writeString(
        folder.resolve("rank.jsonl"),
        """
        {"prompt": "What", "completions": [" is", " was it", " are"], "scores": [1, 3, 2]}
        {"prompt": "What is the capital of France and of Spain and of Italy", "completions": ["a", "b"], "scores": [2, 1]}
        """);
    assertThat(
            run(
                new ScoreCommand(),
                "--model",
                model("llama"),
                "--data",
                at("rank.jsonl"),
                "--out",
                at("r.jsonl"),
                "--max-length",
                "9"))
        .isZero();
    var ranks = lines("r.jsonl");
    assertThat(ranks.get(0).path("logps/completions").size()).isEqualTo(3);
    assertThat(ranks.get(0).path("tokens/completions").size()).isEqualTo(3);
    assertThat(ranks.get(1).path("dropped").asString()).contains("prompt alone reaches max_length");
    assertThat(ranks.get(1).size()).isEqualTo(2);
    assertThat(out.toString()).contains("2 rows, 1 scored, 1 dropped").contains("over 3 pairs");
    for (var name : List.of("completion_plain", "messages")) {
      assertThat(
              run(
                  new ScoreCommand(),
                  "--model",
                  model("qwen2"),
                  "--data",
                  data(name),
                  "--out",
                  at("c.jsonl"),
                  "--batch",
                  "32"))
          .as(out.toString())
          .isZero();
      assertThat(lines("c.jsonl"))
          .hasSize(64)
          .allMatch(l -> l.path("logps/completion").asDouble() < 0);
    }
  }

  @Test
  void aRewardModelGivesRewards() throws IOException {
    var first =
        Json.readObject(Golden.path("training/reward.json")).path("steps").get(0); // rows 1 to 4
    assertThat(
            run(
                new ScoreCommand(),
                "--model",
                model("llama_reward"),
                "--data",
                data("preference_plain_margin"),
                "--out",
                at("s.jsonl"),
                "--max-length",
                "256"))
        .as(out.toString())
        .isZero();
    double sum = 0;
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (var line : lines("s.jsonl").subList(0, 4)) {
      for (var side : List.of("chosen", "rejected")) {
        double reward = line.path("rewards/" + side).asDouble();
        sum += reward;
        least = Math.min(least, reward);
        most = Math.max(most, reward);
      }
      assertThat(line.has("logps/chosen")).isFalse();
    }
    assertThat(sum / 8).isCloseTo(first.path("mean_reward").asDouble(), within(1e-4));
    assertThat(least).isCloseTo(first.path("min_reward").asDouble(), within(1e-4));
    assertThat(most).isCloseTo(first.path("max_reward").asDouble(), within(1e-4));
    assertThat(
            run(
                new ScoreCommand(),
                "--model",
                model("llama_reward"),
                "--reference",
                model("llama"),
                "--data",
                data("preference_plain"),
                "--out",
                at("t.jsonl")))
        .isEqualTo(1);
    assertThat(out.toString()).contains("a reward model is not compared with a reference");
  }

  @Test
  void aBadRowLeavesNoScores() throws IOException {
    Files.writeString(
        folder.resolve("bad.jsonl"),
        """
        {"prompt": "a", "chosen": "b", "rejected": "c"}
        {"prompt": "a", "chosen": "", "rejected": "c"}
        """);
    assertThat(
            run(
                new ScoreCommand(),
                "--model",
                model("llama"),
                "--data",
                at("bad.jsonl"),
                "--out",
                at("s.jsonl")))
        .isEqualTo(1);
    assertThat(out.toString()).contains("bad.jsonl:2: column 'chosen' is empty");
    try (var files = Files.list(folder)) {
      assertThat(files).hasSize(1);
    }
    out.getBuffer().setLength(0);
    assertThat(
            run(
                new ScoreCommand(),
                "--model",
                model("llama"),
                "--data",
                at("bad.jsonl"),
                "--out",
                at("s.jsonl"),
                "--beta",
                "-1"))
        .isEqualTo(1);
    assertThat(out.toString()).isEqualTo("beta must be positive and finite, was -1.0");
  }
}
