package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.store.Json;
import io.alidade.store.WeightFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Training from the command line, from files to files, and its results put to use.
class TrainCommandTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  /// Marks what the assistant says, role word and line end left out.
  private static final String MARKED =
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.role == 'assistant' %}"
          + "{% generation %}{{ m.content + '<|im_end|>' }}{% endgeneration %}{% else %}"
          + "{{ m.content + '<|im_end|>' }}{% endif %}{{ '\\n' }}{% endfor %}";

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }

  private void train(String recipe, Path model, Path data, String name, String... settings) {
    var args =
        new ArrayList<>(
            List.of("train", recipe, "--model", model.toString(), "--data", data.toString()));
    args.addAll(List.of("--out", folder.resolve(name).toString()));
    Stream.concat(
            Stream.of("max_steps=2", "eval_fraction=0", "logging_steps=1"), Stream.of(settings))
        .forEach(setting -> args.addAll(List.of("--set", setting)));
    assertThat(run(args.toArray(String[]::new))).as(() -> err.toString()).isZero();
  }

  private List<JsonNode> metrics(String name) throws IOException {
    try (var lines = Files.lines(folder.resolve(name).resolve("metrics.jsonl"))) {
      return lines.map(line -> Json.parse("metrics", line)).toList();
    }
  }

  private static double number(List<JsonNode> metrics, String key) {
    return metrics.stream()
        .filter(line -> line.has(key))
        .findFirst()
        .orElseThrow()
        .path(key)
        .asDouble();
  }

  private Path rows(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  /// A copy of a small model whose template marks the assistant's part as given.
  private Path model(String template) throws IOException {
    var target = Files.createDirectories(folder.resolve("model-" + template.hashCode()));
    try (var files = Files.list(GOLDEN.resolve("models/llama"))) {
      for (var file : files.toList()) {
        Files.copy(file, target.resolve(file.getFileName()));
      }
    }
    var config = Json.readObject(target.resolve("tokenizer_config.json"));
    config.remove("chat_template");
    Files.writeString(target.resolve("tokenizer_config.json"), config.toString());
    Files.writeString(target.resolve("chat_template.jinja"), template);
    return target;
  }

  private static final String CHAT =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"What is 7 times 8?\"},"
          + " {\"role\": \"assistant\", \"content\": \"It is 56.\"},"
          + " {\"role\": \"user\", \"content\": \"And 12 plus 30?\"},"
          + " {\"role\": \"assistant\", \"content\": \"It is 42.\"}]}\n";

  @Test
  void learnsFromTheAssistantsPartAlone() throws IOException {
    var model = model(MARKED);
    var data = rows("chat.jsonl", CHAT.repeat(2));
    train("sft", model, data, "masked", "assistant_only_loss=true", "learning_rate_factor=1");
    train("sft", model, data, "whole", "learning_rate_factor=1");

    // What inspect marks as scored is what training counted.
    assertThat(
            run(
                "inspect",
                "--model",
                model.toString(),
                "--data",
                data.toString(),
                "--assistant-only-loss"))
        .isZero();
    var shown = out.toString();
    var scored = new StringBuilder();
    shown
        .lines()
        .filter(line -> line.contains("  scored  "))
        .map(line -> line.substring(line.indexOf('"')))
        .forEach(text -> scored.append(Json.parse("token", text).asString()));
    assertThat(scored.toString()).isEqualTo("It is 56.<|im_end|>It is 42.<|im_end|>");
    long count = shown.lines().filter(line -> line.contains("  scored  ")).count();
    assertThat(shown).contains(count + " scored");

    // The loss is the mean over those tokens of what the model gives them, as score tells it.
    assertThat(
            run(
                "score",
                "--model",
                model.toString(),
                "--data",
                data.toString(),
                "--out",
                folder.resolve("s.jsonl").toString(),
                "--per-token"))
        .isZero();
    var row =
        Json.parse("s", Files.readAllLines(folder.resolve("s.jsonl")).getFirst())
            .path("logps/completion_per_token");
    // Score counts every token but the first; inspect lists them all, the first included.
    var parts = shown.lines().filter(line -> line.matches(" +\\d+ +\\d+ +\\w+ .*")).toList();
    assertThat(row.size()).isEqualTo(parts.size() - 1);
    double sum = 0;
    for (int t = 1; t < parts.size(); t++) {
      sum += parts.get(t).contains("  scored  ") ? row.get(t - 1).asDouble() : 0;
    }
    var first = number(metrics("masked"), "loss");
    assertThat(first).isCloseTo(-sum / count, within(1e-4));
    assertThat(number(metrics("whole"), "loss")).isNotCloseTo(first, within(1e-3));
  }

  @Test
  void aMaskOfNothingOrOfEverythingIsAnError() throws IOException {
    var data = rows("chat.jsonl", CHAT.repeat(2));
    var nothing = MARKED.replace("m.role == 'assistant'", "m.role == 'nobody'");
    var all =
        "{% generation %}{% for m in messages %}{{ m.content }}{% endfor %}{% endgeneration %}";
    for (var template : List.of(nothing, all)) {
      int code =
          run(
              "train",
              "sft",
              "--model",
              model(template).toString(),
              "--data",
              data.toString(),
              "--out",
              folder.resolve("run").toString(),
              "--set",
              "assistant_only_loss=true",
              "--set",
              "eval_fraction=0");
      assertThat(code).isEqualTo(1);
      assertThat(err.toString().lines()).hasSize(1);
      assertThat(err.toString())
          .contains("chat.jsonl:1: the chat template refuses the conversation")
          .containsAnyOf("nothing for the assistant", "the whole conversation to the assistant");
    }
  }

  private static final String PAIR =
      "{\"prompt\": \"What is one?\", \"chosen\": \" A number.\", \"rejected\": \" A fish.\"}\n";

  @Test
  void trainsEveryKindOfAdapterAndUsesItsResult() throws IOException {
    var data = rows("pairs.jsonl", PAIR.repeat(4));
    var qwen = GOLDEN.resolve("models/qwen2"); // its head is its embedding table
    train(
        "dpo",
        qwen,
        data,
        "lora",
        "reference=AdaptersOff",
        "adapter.r=2",
        "adapter.lora_alpha=4",
        "adapter.lora_dropout=0.1",
        "adapter.target_modules=[q_proj, embed_tokens, lm_head]",
        "adapter.use_rslora=true");
    var adapter = folder.resolve("lora/model");
    assertThat(names(adapter))
        .contains(
            "base_model.model.lm_head.lora_A.weight",
            "base_model.model.model.embed_tokens.lora_embedding_B");
    uses(adapter, data);

    train(
        "dpo",
        qwen,
        data,
        "whole",
        "reference=AdaptersOff",
        "adapter.r=2",
        "adapter.lora_alpha=4",
        "adapter.target_modules=[all-linear]",
        "adapter.layers_to_transform=[1]",
        "adapter.modules_to_save=[lm_head, embed_tokens]");
    assertThat(names(folder.resolve("whole/model")))
        .contains("base_model.model.lm_head.weight", "base_model.model.model.embed_tokens.weight")
        .noneMatch(name -> name.contains("layers.0."));
    uses(folder.resolve("whole/model"), data);

    train(
        "dpo",
        qwen,
        data,
        "regex",
        "reference=AdaptersOff",
        "adapter.r=2",
        "adapter.lora_alpha=4",
        "adapter.target_modules_regex=.*layers\\.0\\..*_proj",
        "adapter.rank_pattern={q_proj: 3}");
    assertThat(names(folder.resolve("regex/model")))
        .isNotEmpty()
        .allMatch(name -> name.contains("layers.0."));
    uses(folder.resolve("regex/model"), data);
  }

  /// Scores with an adapter, merges it, and scores again.
  private void uses(Path adapter, Path data) throws IOException {
    var merged = Path.of(adapter + "-merged");
    assertThat(
            run(
                "export",
                "--model",
                adapter.toString(),
                "--merge",
                "--out",
                merged.toString(),
                "--dtype",
                "float32"))
        .as(() -> err.toString())
        .isZero();
    var before = score(adapter, data);
    var after = score(merged, data);
    for (var key : List.of("logps/chosen", "logps/rejected")) {
      assertThat(after.path(key).asDouble()).isCloseTo(before.path(key).asDouble(), within(1e-3));
    }
  }

  private JsonNode score(Path model, Path data) throws IOException {
    var file = folder.resolve("scores.jsonl");
    assertThat(
            run(
                "score",
                "--model",
                model.toString(),
                "--data",
                data.toString(),
                "--out",
                file.toString()))
        .as(() -> err.toString())
        .isZero();
    return Json.parse("scores", Files.readAllLines(file).getFirst());
  }

  private static Set<String> names(Path adapter) {
    try (var files = WeightFiles.file(adapter.resolve("adapter_model.safetensors"))) {
      return Set.copyOf(files.names());
    }
  }

  @Test
  void trainsAnAdapterUnderARewardModel() throws IOException {
    var data = rows("pairs.jsonl", PAIR.repeat(4));
    var base = GOLDEN.resolve("models/llama_reward");
    train("reward", base, data, "reward", "adapter.r=2", "adapter.lora_alpha=4", "max_length=64");
    var adapter = folder.resolve("reward/model");
    assertThat(names(adapter)).contains("base_model.model.score.weight");
    var before = score(adapter, data);
    assertThat(
            run(
                "export",
                "--model",
                adapter.toString(),
                "--merge",
                "--out",
                folder.resolve("merged").toString()))
        .as(() -> err.toString())
        .isZero();
    var after = score(folder.resolve("merged"), data);
    assertThat(after.path("rewards/chosen").asDouble())
        .isCloseTo(before.path("rewards/chosen").asDouble(), within(1e-4));
    assertThat(Json.read(adapter.resolve("adapter_config.json")).path("task_type").asString())
        .isEqualTo("SEQ_CLS");
  }
}
