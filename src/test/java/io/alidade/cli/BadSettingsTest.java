package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Settings that are out of range, runs that diverge, and folders that are in use.
class BadSettingsTest extends BadInput {
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
}
