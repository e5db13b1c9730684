package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Kills a training process without warning and continues it.
class ResumeTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  @TempDir Path folder;

  private static final List<String> ADAPTER =
      List.of(
          "dpo",
          "--set",
          "adapter.r=4",
          "--set",
          "adapter.lora_alpha=8",
          "--set",
          "adapter.lora_dropout=0.1",
          "--set",
          "reference=AdaptersOff");

  private Process train(Path out, List<String> recipe, String... more) throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.alidade.cli.Main",
                "train",
                "--model",
                GOLDEN.resolve("models/llama").toAbsolutePath().toString(),
                "--data",
                folder.resolve("pairs.jsonl").toString(),
                "--out",
                out.toString(),
                "--set",
                "max_steps=14",
                "--set",
                "save_steps=3",
                "--set",
                "logging_steps=2"));
    command.addAll(recipe);
    command.addAll(List.of(more));
    var log = out.resolveSibling(out.getFileName() + ".log").toFile();
    var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log);
    builder.environment().put("OMP_NUM_THREADS", "1");
    return builder.start();
  }

  private static void finished(Process process, Path log) throws Exception {
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(() -> text(log)).isZero();
  }

  private static String text(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Test
  void aKilledRunEndsWithTheBitsOfAnUninterruptedOne() throws Exception {
    var rows = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      rows.append(
          "{\"prompt\": \"What is %d plus %d?\", \"chosen\": \" It is %d.\", \"rejected\": \" It is %d.\"}\n"
              .formatted(i, i + 1, 2 * i + 1, 3 * i));
    }
    Files.writeString(folder.resolve("pairs.jsonl"), rows);
    killed(ADAPTER, "model/adapter_model.safetensors", "model/adapter_config.json");
  }

  /// A reference that follows the policy, stages, and pairs made of rankings.
  @Test
  void soDoesAKilledCurriculum() throws Exception {
    var rows = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      rows.append(
          "{\"prompt\": \"What is %d plus %d?\", \"completions\": [\" %d.\", \" %d.\", \" %d.\", \" ?\"], \"scores\": [4, 3, 2, 1]}\n"
              .formatted(i, i + 1, 2 * i + 1, 2 * i + 2, 3 * i));
    }
    Files.writeString(folder.resolve("pairs.jsonl"), rows);
    // 14 steps in three stages: 4, 5, 5; killed in the second one.
    killed(List.of("curry-dpo"), "model/model.safetensors");
  }

  /// Rounds of drawing: the answers of the killed run are those of the whole one.
  @Test
  void soDoesAKilledLoopThatDraws() throws Exception {
    var rows = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      rows.append("{\"prompt\": \"What is %d plus %d?\"}\n".formatted(i, i + 1));
    }
    Files.writeString(folder.resolve("pairs.jsonl"), rows);
    killed(
        drawing(7, 16),
        "model/model.safetensors",
        "rounds/round-00000.jsonl",
        "rounds/round-00006.jsonl",
        "rounds/round-00006-learned.jsonl");
  }

  private static List<String> drawing(int rounds, int prompts) {
    return List.of(
        "iterative-dpo",
        "--set",
        "learning.Iterative.rounds=" + rounds,
        "--set",
        "learning.Iterative.prompts_per_round=" + prompts,
        "--set",
        "learning.Iterative.drawing.samples=3",
        "--set",
        "learning.Iterative.drawing.max_new_tokens=6",
        "--set",
        "learning.Iterative.drawing.judge={Length: {target: 9, scale: 3}}");
  }

  /// A part of the second round is there, and the next one is being drawn.
  @Test
  void soDoesALoopThatIsKilledWhileItDraws() throws Exception {
    var rows = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      rows.append("{\"prompt\": \"What is %d plus %d?\"}\n".formatted(i, i + 1));
    }
    Files.writeString(folder.resolve("pairs.jsonl"), rows);
    killedAt(
        "rounds/round-00001-parts/from-000000-to-000032.jsonl",
        drawing(2, 96),
        "model/model.safetensors",
        "rounds/round-00001.jsonl",
        "rounds/round-00001-learned.jsonl");
  }

  /// The same with a teacher's answers, old pairs, and the best of all rounds at the end.
  @Test
  void soDoNashRoundsThatAreKilledWhileTheyDraw() throws Exception {
    var rows = new StringBuilder();
    for (int i = 0; i < 120; i++) {
      rows.append(
          "{\"prompt\": \"What is %d plus %d?\", \"completion\": \" It is %d.\"}\n"
              .formatted(i, i + 1, 2 * i + 1));
    }
    Files.writeString(folder.resolve("pairs.jsonl"), rows);
    var recipe = new ArrayList<>(List.of("dno-prct"));
    for (var setting :
        List.of(
            "rounds=2",
            "prompts_per_round=64",
            "floor=-9",
            "margin=0.1",
            "student_margin=0.1",
            "drawing.samples=2",
            "drawing.max_new_tokens=6",
            "drawing.judge={Length: {target: 9, scale: 3}}")) {
      recipe.addAll(List.of("--set", "learning.NashRounds." + setting));
    }
    recipe.addAll(List.of("--set", "eval_fraction=0.1", "--set", "learning_rate_factor=1000"));
    killedAt(
        "rounds/round-00001-parts/from-000000-to-000032.jsonl",
        recipe,
        "model/model.safetensors",
        "rounds/round-00001.jsonl",
        "rounds/round-00001-learned.jsonl");
  }

  private void killed(List<String> recipe, String... files) throws Exception {
    killedAt("checkpoints/checkpoint-6", recipe, files);
  }

  /// @param moment a file of the run, at whose appearance it is killed
  private void killedAt(String moment, List<String> recipe, String... files) throws Exception {
    var whole = folder.resolve("whole");
    finished(train(whole, recipe), folder.resolve("whole.log"));

    var cut = folder.resolve("cut");
    var process = train(cut, recipe);
    while (process.isAlive() && !Files.exists(cut.resolve(moment))) {
      Thread.sleep(5);
    }
    process.destroyForcibly().waitFor(); // SIGKILL: no handler runs
    assertThat(cut.resolve("model")).as("the run was killed before its end").doesNotExist();

    finished(train(cut, recipe, "--resume"), folder.resolve("cut.log"));
    for (var file : files) {
      assertThat(cut.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
    }
    // Every logged line is there once, with the same numbers but for the clock.
    assertThat(metrics(cut)).isEqualTo(metrics(whole));
  }

  private static List<String> metrics(Path run) throws IOException {
    return Files.readString(run.resolve("metrics.jsonl"))
        .lines()
        .map(line -> line.replaceAll("\"seconds\":[^,}]*", "\"seconds\":0"))
        .toList();
  }
}
