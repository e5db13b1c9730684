package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.store.AtomicFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Runs in processes of their own that have less memory or disk than they would like.
@DisabledOnOs(OS.WINDOWS)
class ScarcityTest {
  private static final String LLAMA = "src/test/resources/golden/models/llama";

  @TempDir Path folder;

  private List<String> words(int steps, String... more) {
    return Stream.concat(
            Stream.of(
                "train",
                "dpo",
                "--model",
                LLAMA,
                "--data",
                folder.resolve("pairs.jsonl").toString(),
                "--out",
                folder.resolve("run").toString(),
                "--set",
                "max_steps=" + steps,
                "--set",
                "save_steps=2",
                "--set",
                "logging_steps=1"),
            Stream.of(more))
        .toList();
  }

  /// In this process, which has room.
  private static void here(List<String> words) {
    var err = new StringWriter();
    int code =
        Main.run(
            new PrintWriter(new StringWriter(), true),
            new PrintWriter(err, true),
            words.toArray(String[]::new));
    assertThat(code).as(err.toString()).isZero();
  }

  /// In a process of its own.
  ///
  /// @param limits a command of the shell that takes room away
  /// @param options of Java
  /// @return the exit code
  private int apart(String limits, List<String> options, List<String> words)
      throws IOException, InterruptedException {
    var command =
        new ArrayList<>(
            List.of(
                "bash",
                "-c",
                limits + " exec \"$@\"",
                "bash",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "--enable-native-access=ALL-UNNAMED",
                // As the launcher: what counts is the heap, not what JavaCPP derives from it.
                "-Dorg.bytedeco.javacpp.maxBytes=0",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(words);
    var builder =
        new ProcessBuilder(command)
            .redirectOutput(folder.resolve("out.txt").toFile())
            .redirectError(folder.resolve("err.txt").toFile());
    builder.environment().put("OMP_NUM_THREADS", "1");
    return builder.start().waitFor();
  }

  private String said(String file) throws IOException {
    return Files.readString(folder.resolve(file));
  }

  private static String pair(int i, String more) {
    return "{\"prompt\": \"What is %d plus 1?\", \"chosen\": \" %d.\", \"rejected\": \" %d.\"%s}\n"
        .formatted(i, i + 1, 3 * i, more);
  }

  @Test
  void aFileLargerThanTheHeapTrains() throws Exception {
    long heap = 40L << 20;
    var passage = "one of many lines that somebody logged beside the pair; ".repeat(1000);
    int rows = 0;
    try (var out = Files.newBufferedWriter(folder.resolve("pairs.jsonl"))) {
      for (long written = 0; written <= 1.25 * heap; rows++) {
        var row = pair(rows, ", \"log\": \"%s\"".formatted(passage));
        out.write(row);
        written += row.length();
      }
    }
    assertThat(Files.size(folder.resolve("pairs.jsonl"))).isGreaterThan(heap);
    int code = apart("", List.of("-Xmx" + heap), words(2, "--set", "eval_fraction=0"));
    assertThat(code).as(said("err.txt")).isZero();
    assertThat(folder.resolve("run/model/model.safetensors")).exists();
    assertThat(said("out.txt") + said("err.txt")).contains("%,d training rows".formatted(rows));
  }

  @Test
  void aCheckpointThatFindsNoRoomLeavesTheLastOneAndOneLine() throws Exception {
    Files.writeString(
        folder.resolve("pairs.jsonl"), pair(1, "") + pair(2, "") + pair(3, "") + pair(4, ""));
    here(words(4));
    var run = folder.resolve("run");
    var model = run.resolve("model/model.safetensors");
    var expected = Files.readAllBytes(model);
    var last = run.resolve("checkpoints/checkpoint-2");
    var kept = Files.readAllBytes(last.resolve("model.safetensors"));
    // As if it had been stopped after its second step.
    AtomicFiles.delete(run.resolve("checkpoints/checkpoint-4"));
    AtomicFiles.delete(run.resolve("model"));

    int code = apart("ulimit -f 400;", List.of("-Xmx512m"), words(4, "--resume"));
    assertThat(code).isEqualTo(Main.BAD_INPUT);
    assertThat(said("err.txt").strip().lines().filter(line -> line.startsWith("alidade: ")))
        .singleElement()
        .asString()
        .contains(
            "cannot write " + run.resolve("checkpoints/checkpoint-4"),
            "files may not be so large here; raise the limit (ulimit -f) or choose another disk");
    assertThat(last.resolve("model.safetensors")).hasBinaryContent(kept);
    assertThat(model).doesNotExist();
    try (var checkpoints = Files.list(run.resolve("checkpoints"))) {
      assertThat(checkpoints).containsExactly(last); // nothing half-written
    }

    here(words(4, "--resume")); // there is room again
    assertThat(model).hasBinaryContent(expected);
  }
}
