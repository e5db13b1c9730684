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
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/// Runs the program on what is spoilt, and reads the one line that it says.
abstract class BadInput {
  static final Path GOLDEN = Path.of("src/test/resources/golden");
  static final Path LLAMA = GOLDEN.resolve("models/llama");
  static final String PAIR =
      "{\"prompt\": \"What is one?\", \"chosen\": \" A number.\", \"rejected\": \" A fish.\"}\n";

  @TempDir Path folder;

  final StringWriter err = new StringWriter();

  int run(String... args) {
    return Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err, true), args);
  }

  /// The only line on the error stream.
  String line() {
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).startsWith("alidade: ").doesNotContain("Exception", "\tat ", "c10");
    return err.toString();
  }

  int train(Path data, String... more) {
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

  Path copy(Path model) throws IOException {
    var target = Files.createDirectories(folder.resolve("model"));
    try (var files = Files.list(model)) {
      for (var file : files.toList()) {
        Files.copy(file, target.resolve(file.getFileName()));
      }
    }
    return target;
  }

  /// A checkpoint whose last norm is not a number.
  Path withNaN() throws IOException {
    return with(LLAMA, "model.norm.weight", Float.NaN);
  }

  /// A copy of a checkpoint with another first number in a weight.
  Path with(Path original, String weight, float value) throws IOException {
    var model = copy(original);
    weights(
        model,
        bytes -> {
          var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
          int length = (int) buffer.getLong(0);
          var header =
              Json.parse("header", new String(bytes, 8, length, StandardCharsets.UTF_8))
                  .path(weight);
          int at = 8 + length + header.path("data_offsets").path(0).asInt();
          buffer.putFloat(at, value);
          return bytes;
        });
    return model;
  }

  Path rows(String text) throws IOException {
    return Files.writeString(folder.resolve("rows.jsonl"), text);
  }

  static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static void weights(Path model, java.util.function.UnaryOperator<byte[]> change) {
    var file = model.resolve("model.safetensors");
    try {
      Files.write(file, change.apply(Files.readAllBytes(file)));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
