package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.store.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.node.ObjectNode;

/// Whatever is wrong with what a user gives: one line that names it and says what to do, exit code
/// 1, and nothing half-written.
class BadInputTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path LLAMA = GOLDEN.resolve("models/llama");
  private static final String PAIR =
      "{\"prompt\": \"What is one?\", \"chosen\": \" A number.\", \"rejected\": \" A fish.\"}\n";

  @TempDir Path folder;

  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err, true), args);
  }

  /// The only line on the error stream.
  private String line() {
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).startsWith("alidade: ").doesNotContain("Exception", "\tat ", "c10");
    return err.toString();
  }

  // Checkpoints.

  /// A way to spoil a copy of a good checkpoint, and what is said of it.
  record Spoilt(String name, Consumer<Path> how, List<String> said) {
    Spoilt(String name, Consumer<Path> how, String... said) {
      this(name, how, List.of(said));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Spoilt> checkpoints() {
    return Stream.of(
        new Spoilt(
            "truncated",
            f -> weights(f, bytes -> Arrays.copyOf(bytes, bytes.length / 2)),
            "model.safetensors",
            "truncated, fetch it again"),
        new Spoilt(
            "noise",
            f -> weights(f, _ -> noise()),
            "model.safetensors",
            "this is no safetensors file"),
        new Spoilt("empty", f -> weights(f, _ -> new byte[0]), "holds 0 bytes"),
        new Spoilt(
            "header beyond the file",
            f -> weights(f, bytes -> length(bytes, 50_000_000)),
            "model.safetensors",
            "50000000"),
        new Spoilt(
            "header of 2^62 bytes", f -> weights(f, bytes -> length(bytes, 1L << 62)), "header of"),
        new Spoilt(
            "overlapping tensors",
            f -> header(f, h -> offsets(h, "model.norm.weight", 0, 256)),
            "begins at data byte 0 inside 'model.norm.weight'",
            "the file is damaged"),
        new Spoilt(
            "offsets out of range",
            f -> header(f, h -> offsets(h, "model.norm.weight", 1L << 40, (1L << 40) + 256)),
            "tensor 'model.norm.weight'",
            "truncated"),
        new Spoilt(
            "unknown type",
            f -> header(f, h -> tensor(h, "model.norm.weight").put("dtype", "F4")),
            "dtype F4 is not supported"),
        new Spoilt(
            "sizes beyond 2^63",
            f ->
                header(
                    f,
                    h -> {
                      var shape = tensor(h, "model.norm.weight").putArray("shape");
                      shape.add(1L << 62).add(8);
                    }),
            "larger than 2^63 bytes"),
        new Spoilt(
            "one name twice",
            f ->
                text(
                    f,
                    header ->
                        header.replaceFirst(
                            "\\}$",
                            ",\"lm_head.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}")),
            "Duplicate",
            "lm_head.weight"),
        new Spoilt(
            "no weights", f -> delete(f.resolve("model.safetensors")), "no model.safetensors"),
        new Spoilt(
            "wrong shape",
            f -> config(f, json -> json.put("intermediate_size", 100)),
            "has shape [128, 64], config.json implies [100, 64]"),
        new Spoilt(
            "unknown architecture",
            f -> config(f, json -> json.put("model_type", "mamba2")),
            "'model_type' is 'mamba2'",
            "known: [gemma2, "),
        new Spoilt("no configuration", f -> delete(f.resolve("config.json")), "config.json"),
        new Spoilt(
            "broken configuration",
            f -> write(f.resolve("config.json"), "{\"model_type\": \"llama\","),
            "config.json line 1",
            "not valid JSON"),
        new Spoilt(
            "broken tokenizer",
            f -> write(f.resolve("tokenizer.json"), "{\"model\": {"),
            "tokenizer.json",
            "not JSON"),
        new Spoilt("no tokenizer", f -> delete(f.resolve("tokenizer.json")), "no tokenizer.json"),
        new Spoilt(
            "a tokenizer of more tokens",
            f -> config(f, json -> json.put("vocab_size", 100)),
            "the tokenizer has ids up to 511",
            "knows 0 to 99"));
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void aSpoiltCheckpointIsOneLine(Spoilt spoilt) throws IOException {
    var model = copy(LLAMA);
    spoilt.how().accept(model);
    var out = folder.resolve("scores.jsonl");
    int code =
        run(
            "score",
            "--model",
            model.toString(),
            "--data",
            rows(PAIR.repeat(2)).toString(),
            "--out",
            out.toString());
    assertThat(line()).contains(spoilt.said());
    assertThat(code).isEqualTo(1);
    assertThat(out).doesNotExist();
    try (var files = Files.list(folder)) {
      assertThat(files).allMatch(file -> !file.toString().contains("partial"));
    }
  }

  @Test
  void aMissingShardIsNamed() throws IOException {
    var model = copy(GOLDEN.resolve("models/llama_sharded"));
    Files.delete(model.resolve("model-00002-of-00003.safetensors"));
    assertThat(score(model)).isEqualTo(1);
    assertThat(line()).contains("model-00002-of-00003.safetensors: missing shard", "fetch");
  }

  @Test
  void scoresThatAreNoNumbersAreAnError() throws IOException {
    assertThat(score(withNaN())).isEqualTo(1);
    assertThat(line()).contains("rows.jsonl:1: the model's score is not a number");
    assertThat(folder.resolve("scores.jsonl")).doesNotExist();
  }

  private int score(Path model) throws IOException {
    return run(
        "score",
        "--model",
        model.toString(),
        "--data",
        rows(PAIR.repeat(2)).toString(),
        "--out",
        folder.resolve("scores.jsonl").toString());
  }

  // Rows.

  /// A row after seven good ones, and what is said of it.
  record Row(String name, String text, List<String> said) {
    Row(String name, String text, String... said) {
      this(name, text, List.of(said));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Row> rows() {
    return Stream.of(
        new Row("a broken line", "{\"prompt\": \"a\", \"chosen\": ", "not a JSON object", "column"),
        new Row(
            "a missing column", "{\"prompt\": \"a\", \"chosen\": \"b\"}", "no column 'rejected'"),
        new Row(
            "an empty answer",
            "{\"prompt\": \"a\", \"chosen\": \"\", \"rejected\": \"b\"}",
            "column 'chosen' is empty"),
        new Row(
            "a null answer",
            "{\"prompt\": \"a\", \"chosen\": null, \"rejected\": \"b\"}",
            "column 'chosen' is null"),
        new Row(
            "a number for an answer",
            "{\"prompt\": \"a\", \"chosen\": 3, \"rejected\": \"b\"}",
            "column 'chosen' is 3"),
        new Row(
            "a key twice",
            "{\"prompt\": \"a\", \"prompt\": \"a\", \"chosen\": \"c\", \"rejected\": \"b\"}",
            "prompt"),
        new Row("a list", "[1, 2]", "not a JSON object"),
        new Row("binary", "\u0001\u0002", "not a JSON object"));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void aBadRowIsNamedAndNothingIsLeft(Row row) throws IOException {
    var data = rows(PAIR.repeat(7) + row.text() + "\n" + PAIR);
    assertThat(train(data)).isEqualTo(1);
    assertThat(line()).contains("rows.jsonl:8: ").contains(row.said());
    assertThat(folder.resolve("run")).doesNotExist();
  }

  @Test
  void promptsThatFillTheLimitAreAnError() throws IOException {
    assertThat(train(rows(PAIR.repeat(4)), "--set", "max_length=2")).isEqualTo(1);
    assertThat(line())
        .contains("no row is left to learn from, of 3: 3 because", "raise max_length");
  }

  @Test
  void filesWithoutRowsAndOfTheWrongFormAreErrors() throws IOException {
    assertThat(train(rows(""))).isEqualTo(1);
    assertThat(line()).contains("rows.jsonl: no rows");
    err.getBuffer().setLength(0);
    assertThat(train(folder.resolve("absent.jsonl"))).isEqualTo(1);
    assertThat(line()).contains("absent.jsonl': no such file or folder");
    err.getBuffer().setLength(0);
    var labelled = "{\"prompt\": \"a\", \"completion\": \"b\", \"label\": true}\n";
    assertThat(train(rows(labelled.repeat(4)))).isEqualTo(1);
    assertThat(line())
        .contains("rows.jsonl holds a labelled answer", "learns from preference pairs");
  }

  private int train(Path data, String... more) {
    var args =
        Stream.concat(
                Stream.of(
                    "train",
                    "dpo",
                    "--model",
                    LLAMA.toString(),
                    "--data",
                    data.toString(),
                    "--out",
                    folder.resolve("run").toString(),
                    "--set",
                    "max_steps=1"),
                Stream.of(more))
            .toArray(String[]::new);
    return run(args);
  }

  // Settings.

  static Stream<List<String>> settings() {
    return Stream.of(
        List.of("max_step=3", "did you mean 'max_steps'?"),
        List.of("objective.Dpo.betta=3", "did you mean 'beta'?"),
        List.of("objective.Dpo.beta=-1", "beta must be positive and finite, was -1.0"),
        List.of("objective.Dpo.divergence=ReversKl", "did you mean 'ReverseKl'?"),
        List.of("objective=Dop", "did you mean 'Dpo'?"),
        List.of("max_length=1", "max_length must be at least 2, was 1"),
        List.of("max_length=abc", "scale.max_length: wanted int, got abc"),
        List.of("eval_fraction=1.5", "eval_fraction must be at least 0"),
        List.of("dtype=float8", "wanted one of [float32, bfloat16"),
        List.of("per_device_train_batch_size=0", "must be at least 1, was 0"),
        List.of("optimizer.AdamW.learning_rate=-1", "learning_rate must be"));
  }

  @ParameterizedTest
  @MethodSource("settings")
  void aWrongSettingIsNamedWithWhatItMayBe(List<String> setting) throws IOException {
    assertThat(train(rows(PAIR.repeat(4)), "--set", setting.getFirst())).isEqualTo(1);
    assertThat(line()).contains(setting.getLast());
    assertThat(folder.resolve("run")).doesNotExist();
  }

  @Test
  void adaptersThatReachNothingAreNamed() throws IOException {
    var data = rows(PAIR.repeat(4));
    var lora =
        new String[] {
          "--set", "reference=AdaptersOff", "--set", "adapter.r=2", "--set", "adapter.lora_alpha=4"
        };
    assertThat(train(data, with(lora, "adapter.target_modules=[query]"))).isEqualTo(1);
    assertThat(line()).contains("no linear module is named 'query'", "q_proj");
    err.getBuffer().setLength(0);
    assertThat(train(data, with(lora, "adapter.target_modules_regex=(q"))).isEqualTo(1);
    assertThat(line()).contains("'(q' is no regular expression");
  }

  private static String[] with(String[] options, String setting) {
    return Stream.concat(Stream.of(options), Stream.of("--set", setting)).toArray(String[]::new);
  }

  // Runs.

  @Test
  void aLossThatIsNoNumberStopsTheRunAndNamesItsRows() throws IOException {
    int code =
        run(
            "train",
            "dpo",
            "--model",
            withNaN().toString(),
            "--data",
            rows(PAIR.repeat(4)).toString(),
            "--out",
            folder.resolve("run").toString(),
            "--set",
            "max_steps=2");
    assertThat(code).isEqualTo(1);
    assertThat(line()).contains("step 1: the loss is NaN on rows", "rows.jsonl");
    assertThat(folder.resolve("run/model")).doesNotExist();
    assertThat(folder.resolve("run/checkpoints/checkpoint-1")).doesNotExist();
  }

  @Test
  void aFolderThatHoldsARunOrSomethingElseIsLeftAlone() throws IOException {
    var data = rows(PAIR.repeat(4));
    assertThat(train(data)).isZero();
    var model = folder.resolve("run/model/model.safetensors");
    var before = Files.readAllBytes(model);
    err.getBuffer().setLength(0);
    assertThat(train(data)).isEqualTo(1);
    assertThat(line()).contains("already holds a run: add --resume", "another --out");
    assertThat(model).hasBinaryContent(before);
    err.getBuffer().setLength(0);
    assertThat(train(data, "--resume", "--set", "objective.Dpo.beta=0.3")).isEqualTo(1);
    assertThat(line()).contains("the run was started with 'beta: 0.1', now it is 'beta: 0.3'");
    err.getBuffer().setLength(0);
    var other = Files.createDirectories(folder.resolve("other"));
    write(other.resolve("letter.txt"), "mine");
    assertThat(train(data, "--out", other.toString())).isIn(1, 2);
    assertThat(other.resolve("letter.txt")).hasContent("mine");
    err.getBuffer().setLength(0);
    var elsewhere =
        run(
            "train",
            "dpo",
            "--model",
            LLAMA.toString(),
            "--data",
            data.toString(),
            "--out",
            "/proc/alidade/run");
    assertThat(elsewhere).isEqualTo(1);
    assertThat(line()).contains("cannot use /proc/alidade/run as output folder", "another --out");
  }

  // Help.

  private Path copy(Path model) throws IOException {
    var target = Files.createDirectories(folder.resolve("model"));
    try (var files = Files.list(model)) {
      for (var file : files.toList()) {
        Files.copy(file, target.resolve(file.getFileName()));
      }
    }
    return target;
  }

  /// A checkpoint whose last norm is not a number.
  private Path withNaN() throws IOException {
    var model = copy(LLAMA);
    weights(
        model,
        bytes -> {
          var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
          int length = (int) buffer.getLong(0);
          var header =
              Json.parse("header", new String(bytes, 8, length, StandardCharsets.UTF_8))
                  .path("model.norm.weight");
          int at = 8 + length + header.path("data_offsets").path(0).asInt();
          buffer.putFloat(at, Float.NaN);
          return bytes;
        });
    return model;
  }

  private Path rows(String text) throws IOException {
    return Files.writeString(folder.resolve("rows.jsonl"), text);
  }

  private static byte[] noise() {
    var bytes = new byte[5000];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  private static byte[] length(byte[] bytes, long length) {
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
    return bytes;
  }

  private static void header(Path model, Consumer<ObjectNode> change) {
    text(
        model,
        header -> {
          var json = (ObjectNode) Json.parse("header", header);
          change.accept(json);
          return json.toString();
        });
  }

  private static ObjectNode tensor(ObjectNode header, String name) {
    return (ObjectNode) header.get(name);
  }

  private static void offsets(ObjectNode header, String name, long begin, long end) {
    tensor(header, name).putArray("data_offsets").add(begin).add(end);
  }

  private static void text(Path model, java.util.function.UnaryOperator<String> change) {
    weights(
        model,
        bytes -> {
          int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
          var header = new String(bytes, 8, length, StandardCharsets.UTF_8).strip();
          var changed = change.apply(header).getBytes(StandardCharsets.UTF_8);
          var out =
              ByteBuffer.allocate(8 + changed.length + bytes.length - 8 - length)
                  .order(ByteOrder.LITTLE_ENDIAN);
          out.putLong(changed.length)
              .put(changed)
              .put(bytes, 8 + length, bytes.length - 8 - length);
          return out.array();
        });
  }

  private static void weights(Path model, java.util.function.UnaryOperator<byte[]> change) {
    var file = model.resolve("model.safetensors");
    try {
      Files.write(file, change.apply(Files.readAllBytes(file)));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void config(Path model, Consumer<ObjectNode> change) {
    var file = model.resolve("config.json");
    var json = (ObjectNode) Json.read(file);
    change.accept(json);
    write(file, json.toString());
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
