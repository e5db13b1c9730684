package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.store.Json;
import java.io.IOException;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.node.ObjectNode;

/// Checkpoints that are spoilt in one place.
class BadCheckpointTest extends BadInput {
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
    assertThat(line()).contains("rows.jsonl:1: the model's score is not a finite number");
    assertThat(folder.resolve("scores.jsonl")).doesNotExist();
  }

  @Test
  void soAreInfiniteRewards() throws IOException {
    var model = GOLDEN.resolve("models/llama_reward");
    assertThat(score(with(model, "score.weight", Float.POSITIVE_INFINITY))).isEqualTo(1);
    assertThat(line()).contains("rows.jsonl:1: the model's score is not a finite number");
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

  static byte[] noise() {
    var bytes = new byte[5000];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  static byte[] length(byte[] bytes, long length) {
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
    return bytes;
  }

  static void header(Path model, Consumer<ObjectNode> change) {
    text(
        model,
        header -> {
          var json = (ObjectNode) Json.parse("header", header);
          change.accept(json);
          return json.toString();
        });
  }

  static ObjectNode tensor(ObjectNode header, String name) {
    return (ObjectNode) header.get(name);
  }

  static void offsets(ObjectNode header, String name, long begin, long end) {
    tensor(header, name).putArray("data_offsets").add(begin).add(end);
  }

  static void text(Path model, java.util.function.UnaryOperator<String> change) {
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

  static void config(Path model, Consumer<ObjectNode> change) {
    var file = model.resolve("config.json");
    var json = (ObjectNode) Json.read(file);
    change.accept(json);
    write(file, json.toString());
  }

  static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
