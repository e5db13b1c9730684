package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.UserException;
import io.alidade.store.Json;
import io.alidade.tokenizer.Golden;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/// Models and judges measured from the command line.
class EvaluateCommandTest {
  @TempDir Path folder;
  private StringWriter out = new StringWriter();
  private Path prompts = Path.of("prompts");
  private Path pairs = Path.of("pairs");

  @BeforeEach
  void data() throws IOException {
    prompts =
        Files.writeString(
            folder.resolve("prompts.jsonl"),
            """
            {"prompt": "The sum of 2 and 2 is", "answer": "4"}
            {"prompt": "A list has", "answer": "7"}
            {"prompt": "Return the", "answer": "1"}
            {"prompt": "Nothing", "answer": "0"}
            {"prompt": "Once", "answer": "2"}
            """);
    pairs =
        Files.writeString(
            folder.resolve("pairs.jsonl"),
            """
            {"prompt": "q", "chosen": "four", "rejected": "a", "subset": "long"}
            {"prompt": "q", "chosen": "a", "rejected": "four", "subset": "short"}
            {"prompt": "q", "chosen": "four", "rejected": "five", "subset": "long"}
            {"prompt": "q", "chosen": "eight888", "rejected": "b", "subset": "long"}
            """);
  }

  private int run(String... args) {
    out = new StringWriter();
    var line = new CommandLine(new EvaluateCommand());
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(out));
    line.setExecutionExceptionHandler((failure, _, _) -> {
      if (!(failure instanceof UserException)) {
        throw failure;
      }
      assertThat(failure.getMessage()).doesNotContain("\n");
      out.write(failure.getMessage());
      return 1;
    });
    return line.execute(args);
  }

  private int models(String judge, String... more) {
    var llama = Golden.path("models/llama");
    var args =
        new ArrayList<>(
            List.of(
                "--model",
                "a=" + llama,
                "--model",
                "b=" + Golden.path("models/llama_sharded"),
                "--reference",
                llama.toString(),
                "--data",
                prompts.toString(),
                "--judge",
                judge,
                "--num-samples",
                "2",
                "--max-new-tokens",
                "5",
                "--bootstrap",
                "20",
                "--out",
                folder.resolve("out").toString()));
    args.addAll(List.of(more));
    return run(args.toArray(String[]::new));
  }

  private JsonNode result() {
    return Json.readObject(folder.resolve("out/evaluate.json"));
  }

  @Test
  void modelsAreMeasuredByTheirAnswersAndGoOnWhereTheyWereInterrupted() throws IOException {
    assertThat(models("Length: {target: 20, scale: 10}")).as(out.toString()).isZero();
    var first = result();
    var a = first.at("/models/a");
    assertThat(a.get("answers").doubleValue()).isEqualTo(10);
    assertThat(a.get("kl/sequence").doubleValue()).as("from itself").isZero();
    assertThat(first.at("/models/b/kl~1sequence").doubleValue()).isGreaterThan(1);
    assertThat(a.has("win_rate")).as("the baseline does not play against itself").isFalse();
    assertThat(first.at("/models/b/win_rate").doubleValue()).isBetween(0.0, 1.0);
    assertThat(a.get("rating").doubleValue() + first.at("/models/b/rating").doubleValue())
        .isCloseTo(2000, org.assertj.core.api.Assertions.within(1e-6));
    assertThat(a.has("exact_match")).as("rewards below 0 say nothing of right").isFalse();
    assertThat(folder.resolve("out/evaluate.html"))
        .content()
        .contains("Reward against divergence", "Ratings");
    assertThat(folder.resolve("out/figure-1.svg"))
        .content()
        .startsWith("<svg")
        .contains("Reward against divergence");
    assertThat(first.at("/models/b/win_rate~1length_controlled").doubleValue()).isBetween(0.0, 1.0);
    assertThat(out.toString()).contains("reward/mean");

    // The process dies while it writes the fourth line of b.
    var file = folder.resolve("out/answers-b.jsonl");
    var whole = Files.readString(file);
    var lines = whole.lines().toList();
    Files.writeString(
        file, String.join("\n", lines.subList(0, 3)) + "\n" + lines.get(3).substring(0, 9));
    assertThat(models("Length: {target: 20, scale: 10}")).isZero();
    assertThat(file).hasContent(whole.stripTrailing());
    assertThat(result()).isEqualTo(first);

    assertThat(models("Length: {target: 20, scale: 10}", "--seed", "5")).isEqualTo(1);
    assertThat(out.toString()).contains("another model, data, reference or way of drawing");

    assertThat(models("ExactAnswer: {column: answer, find: any, tolerance: 0}", "--pass-at", "1,2"))
        .as(out.toString())
        .isZero();
    var exact = result().at("/models/a");
    assertThat(exact.get("pass@1").doubleValue()).isEqualTo(exact.get("exact_match").doubleValue());
    assertThat(exact.get("pass@2").doubleValue())
        .isGreaterThanOrEqualTo(exact.get("pass@1").doubleValue());

    var page = Files.readString(Path.of("docs/metrics.md"));
    for (var node : List.of(first.at("/models/b"), exact)) {
      node.propertyNames()
          .forEach(name -> assertThat(page).contains("`" + name.replaceFirst("@\\d+", "@K") + "`"));
    }
  }

  @Test
  void aJudgeIsMeasuredByPairs() throws IOException {
    int code =
        run(
            "--data", pairs.toString(),
            "--judge", "Length: {target: 4, scale: 1}",
            "--out", folder.resolve("out").toString());
    assertThat(code).as(out.toString()).isZero();
    var rows = result().get("rows");
    // Prefers four characters: right, wrong, a tie; eight and one are 4 and 3 away: wrong.
    assertThat(rows.at("/all/judge~1accuracy").doubleValue()).isEqualTo(1.5 / 4);
    assertThat(rows.at("/all/judge~1ties").doubleValue()).isEqualTo(1);
    assertThat(rows.at("/subset long/judge~1accuracy").doubleValue()).isEqualTo(0.5);
    assertThat(rows.at("/subset short/judge~1accuracy").doubleValue()).isZero();
    assertThat(rows.at("/all/judge~1accuracy_over_subsets").doubleValue()).isEqualTo(0.25);
    assertThat(folder.resolve("out/evaluate.html")).content().contains("Reliability");
    var page = Files.readString(Path.of("docs/metrics.md"));
    rows.get("all").propertyNames().forEach(name -> assertThat(page).contains("`" + name + "`"));
  }

  @Test
  void whatAJudgeCannotJudgeIsCountedAndSaid() {
    int code =
        run(
            "--data", pairs.toString(),
            "--judge",
                "RewardModel: {model: %s, weights: [1], temperature: 1, max_length: 3}"
                    .formatted(Golden.path("models/llama_reward")),
            "--out", folder.resolve("out").toString());
    assertThat(code).as(out.toString()).isZero();
    var all = result().at("/rows/all");
    assertThat(all.get("judge/pairs").doubleValue() + all.get("judge/unknown").doubleValue())
        .isEqualTo(4);
    assertThat(all.get("judge/unknown").doubleValue()).isPositive();
    assertThat(result().get("notes").toString()).contains("longer than max_length");
  }

  @Test
  void whatIsWrongIsSaidInALine() {
    var data = List.of("--data", pairs.toString(), "--out", folder.resolve("x").toString());
    var cases =
        List.of(
            List.of("1", "no Judge named 'Lenght'", "--judge", "Lenght: {target: 1, scale: 1}"),
            List.of("1", "scale must be positive", "--judge", "Length: {target: 1, scale: 0}"),
            List.of("1", "cannot be read; give a file with a judge", "--judge", "nowhere.yaml"),
            List.of(
                "1", "no column 'answer'",
                "--judge", "ExactAnswer: {column: answer, find: any, tolerance: 0}"),
            List.of("2", "name a --model, or a --judge"),
            List.of(
                "2",
                "--pass-at must be from 1 to --num-samples 1",
                "--model",
                "m",
                "--pass-at",
                "2"),
            List.of(
                "1",
                "two models are called 'm'",
                "--model",
                "m=" + Golden.path("models/llama"),
                "--model",
                "m=x"));
    for (var one : cases) {
      var args = new ArrayList<>(one.subList(2, one.size()));
      args.addAll(data);
      assertThat(run(args.toArray(String[]::new)))
          .as(out.toString())
          .isEqualTo(Integer.parseInt(one.getFirst()));
      assertThat(out.toString()).contains(one.get(1));
    }
    assertThat(
            run(
                "--data", prompts.toString(),
                "--judge", "Length: {target: 4, scale: 1}",
                "--out", folder.resolve("out").toString()))
        .isEqualTo(1);
    assertThat(out.toString()).contains("rows without an order cannot judge a judge");
  }
}
