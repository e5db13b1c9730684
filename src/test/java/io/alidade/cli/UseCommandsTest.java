package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.store.Json;
import io.alidade.tokenizer.Golden;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/// What is done with a finished model from the command line: scoring, generating, talking,
/// exporting, and beginning a new one.
class UseCommandsTest {
  @TempDir Path folder;
  private final StringWriter out = new StringWriter();

  /// Runs a command as the program does, but for its handling of failures.
  private int run(Object command, String... args) {
    var line = new CommandLine(command);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(out));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler((failure, _, _) -> {
      assertThat(failure).isInstanceOf(UserException.class);
      assertThat(failure.getMessage()).doesNotContain("\n");
      out.write(failure.getMessage());
      return 1;
    });
    return line.execute(args);
  }

  private static String model(String name) {
    return Golden.path("models/" + name).toString();
  }

  private static String data(String name) {
    return Golden.path("training/data/" + name + ".jsonl").toString();
  }

  private List<JsonNode> lines(String name) throws IOException {
    var lines = new ArrayList<JsonNode>();
    for (var line : Files.readAllLines(folder.resolve(name))) {
      lines.add(Json.parse(name, line));
    }
    return lines;
  }

  private String at(String name) {
    return folder.resolve(name).toString();
  }

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
      right += margin > 0 ? 1 : 0;
    }
    assertThat(out.toString())
        .contains(
            String.format(
                java.util.Locale.ROOT,
                "rewards   accuracy %.4f, margin %.4f over 64 pairs",
                right / 64.0,
                margins / 64));
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

  @Test
  void generatesLinesAndText() throws IOException {
    assertThat(
            run(
                new GenerateCommand(),
                "--model",
                model("llama"),
                "--prompt",
                "What is 12",
                "--prompt",
                "Explain",
                "--greedy",
                "--max-new-tokens",
                "12",
                "--num-samples",
                "2",
                "--out",
                at("g.jsonl")))
        .as(out.toString())
        .isZero();
    var lines = lines("g.jsonl");
    assertThat(lines).hasSize(4);
    assertThat(lines.get(1).path("row").asInt()).isEqualTo(1);
    assertThat(lines.get(1).path("sample").asInt()).isEqualTo(2);
    assertThat(lines.get(1).path("completion")).isEqualTo(lines.get(0).path("completion"));
    assertThat(lines.get(2).path("prompt").asString()).isEqualTo("Explain");
    assertThat(lines.get(2).path("logps").asDouble()).isNegative();
    out.getBuffer().setLength(0);
    var input = new ByteArrayInputStream("What is 12\n".getBytes(StandardCharsets.UTF_8));
    assertThat(
            run(
                new GenerateCommand(input),
                "--model",
                model("llama"),
                "--stream",
                "--greedy",
                "--max-new-tokens",
                "12"))
        .isZero();
    assertThat(out.toString().stripTrailing())
        .isEqualTo(lines.get(0).path("completion").asString().stripTrailing());
  }

  @Test
  void generatesFromRowsOfConversations() throws IOException {
    assertThat(
            run(
                new GenerateCommand(),
                "--model",
                model("qwen2"),
                "--data",
                data("messages"),
                "--limit",
                "20",
                "--max-new-tokens",
                "3",
                "--out",
                at("g.jsonl")))
        .as(out.toString())
        .isZero();
    var lines = lines("g.jsonl");
    assertThat(lines).hasSize(20);
    for (var line : lines) {
      var messages = line.path("prompt");
      assertThat(messages.get(messages.size() - 1).path("role").asString()).isEqualTo("user");
    }
  }

  @Test
  void generateRefusesWhatCannotBe() {
    assertThat(
            run(
                new GenerateCommand(),
                "--model",
                model("llama"),
                "--prompt",
                "x",
                "--temperature",
                "-1"))
        .isEqualTo(1);
    assertThat(out.toString()).contains("temperature must be at least 0 and finite, was -1.0");
    assertThat(run(new GenerateCommand(), "--model", "m", "--prompt", "x", "--data", "y"))
        .isEqualTo(2);
    assertThat(run(new GenerateCommand(), "--model", bare().toString(), "--prompt", "x", "--chat"))
        .isEqualTo(1);
    assertThat(out.toString()).contains("has no chat template; add a chat_template.jinja");
  }

  /// A model without a chat template.
  private Path bare() {
    var bare = folder.resolve("bare");
    try {
      Files.createDirectories(bare);
      try (var files = Files.list(Golden.path("models/llama"))) {
        for (var file : files.toList()) {
          Files.copy(file, bare.resolve(file.getFileName().toString()));
        }
      }
      var config = Json.readObject(bare.resolve("tokenizer_config.json"));
      config.remove("chat_template");
      Json.write(bare.resolve("tokenizer_config.json"), config);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return bare;
  }

  private static ByteArrayInputStream typed(String lines) {
    return new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void chatRemembersUntilItIsReset() {
    var typed = "Hello\nHello\n/reset\nHello\n/help\n/exit\nnever read\n";
    assertThat(
            run(
                new ChatCommand(typed(typed)),
                "--model",
                model("qwen2"),
                "--greedy",
                "--max-new-tokens",
                "6",
                "--system",
                "Be brief."))
        .as(out.toString())
        .isZero();
    var turns = out.toString().split("> ", -1);
    assertThat(turns).hasSize(7);
    assertThat(turns[1]).isNotEqualTo(turns[2]).isEqualTo(turns[4]);
    assertThat(turns[3]).contains("(forgotten)");
    assertThat(turns[5]).contains("/reset, /system TEXT and /exit");
  }

  @Test
  void chatNeedsATemplate() {
    assertThat(run(new ChatCommand(typed("Hello\n")), "--model", bare().toString())).isEqualTo(1);
    assertThat(out.toString()).contains("no chat template").contains("use 'generate'");
  }

  @Test
  void exportsMergedAndInShardsAndChecks() throws IOException {
    assertThat(
            run(
                new ExportCommand(),
                "--model",
                model("llama"),
                "--adapter",
                model("llama_lora"),
                "--merge",
                "--out",
                at("merged"),
                "--max-shard-size",
                "200KB"))
        .as(out.toString())
        .isZero();
    assertThat(folder.resolve("merged/model.safetensors.index.json")).exists();
    assertThat(folder.resolve("merged/tokenizer.json")).exists();
    for (var name : List.of("merged", "base")) {
      var args = new ArrayList<>(List.of("--data", data("preference_plain"), "--out", at(name)));
      args.addAll(
          name.equals("merged")
              ? List.of("--model", at("merged"))
              : List.of("--model", model("llama"), "--adapter", model("llama_lora")));
      args.set(3, at(name + ".jsonl"));
      assertThat(run(new ScoreCommand(), args.toArray(String[]::new))).isZero();
    }
    var merged = lines("merged.jsonl");
    var below = lines("base.jsonl");
    for (int r = 0; r < merged.size(); r++) {
      assertThat(merged.get(r).path("logps/chosen").asDouble())
          .isCloseTo(below.get(r).path("logps/chosen").asDouble(), within(1e-2));
    }
    for (var type : List.of("bfloat16", "float16")) {
      out.getBuffer().setLength(0);
      assertThat(
              run(
                  new ExportCommand(),
                  "--model",
                  model("llama_reward"),
                  "--out",
                  at(type),
                  "--dtype",
                  type))
          .as(out.toString())
          .isZero();
      assertThat(Json.readObject(folder.resolve(type + "/config.json")).path("dtype").asString())
          .isEqualTo(type);
    }
  }

  @Test
  void exportThatDriftsLeavesNothing() throws IOException {
    var export = List.of("--model", model("llama"), "--out", at("out"), "--dtype", "bfloat16");
    var strict = new ArrayList<>(export);
    strict.addAll(List.of("--tolerance", "1e-7"));
    assertThat(run(new ExportCommand(), strict.toArray(String[]::new))).isEqualTo(1);
    assertThat(out.toString()).contains("drift by").contains("nothing was kept");
    try (var files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
    assertThat(run(new ExportCommand(), export.toArray(String[]::new))).isZero();
    assertThat(run(new ExportCommand(), export.toArray(String[]::new))).isEqualTo(1);
    assertThat(out.toString()).contains("exists already; choose another --out");
  }

  @Test
  void exportRefusesWhatItDoesNotUnderstand() {
    var out = at("out");
    for (var bad :
        List.of(
            List.of("--dtype", "int3", "unknown precision 'int3'"),
            List.of("--max-shard-size", "5XB", "must be a size such as 500MB"),
            List.of("--adapter", model("llama_lora"), "add --merge"),
            List.of("--tolerance", "0", "tolerance must be positive"))) {
      this.out.getBuffer().setLength(0);
      assertThat(
              run(
                  new ExportCommand(),
                  "--model",
                  model("llama"),
                  "--out",
                  out,
                  bad.get(0),
                  bad.get(1)))
          .isEqualTo(1);
      assertThat(this.out.toString()).contains(bad.get(2));
      assertThat(Path.of(out)).doesNotExist();
    }
  }

  @Test
  void sizesHaveUnits() {
    assertThat(Arguments.bytes("x", "5GB")).isEqualTo(5_000_000_000L);
    assertThat(Arguments.bytes("x", "2 GiB")).isEqualTo(2L << 30);
    assertThat(Arguments.bytes("x", "1.5kb")).isEqualTo(1500);
    assertThat(Arguments.bytes("x", "77")).isEqualTo(77);
  }

  @Test
  void initMakesAModelThatWorks() {
    var config = model("llama") + "/config.json";
    assertThat(
            run(
                new InitCommand(),
                "--config",
                config,
                "--tokenizer",
                model("llama"),
                "--out",
                at("new"),
                "--seed",
                "4"))
        .as(out.toString())
        .isZero();
    assertThat(
            run(
                new GenerateCommand(),
                "--model",
                at("new"),
                "--prompt",
                "x",
                "--max-new-tokens",
                "2",
                "--no-stream"))
        .isZero();
    assertThat(out.toString()).contains("\"completion\"");
    out.getBuffer().setLength(0);
    assertThat(
            run(
                new InitCommand(),
                "--config",
                config,
                "--tokenizer",
                model("llama"),
                "--out",
                at("new")))
        .isEqualTo(1);
    assertThat(out.toString()).contains("exists already");
  }
}
