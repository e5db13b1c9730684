package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.store.Json;
import io.alidade.tokenizer.Golden;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// `generate` and `chat`: what a model says.
class GenerateCommandTest extends FinishedModel {
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
}
