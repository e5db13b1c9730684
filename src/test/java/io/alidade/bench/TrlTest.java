package io.alidade.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.alidade.UserException;
import io.alidade.data.EncodedGroups;
import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.model.Precision;
import io.alidade.objective.Needs;
import io.alidade.store.Json;
import io.alidade.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The other trainer is given the work that ours does.
@DisabledOnOs(OS.WINDOWS)
class TrlTest {
  @TempDir private Path scratch;

  private static StepBench bench(String layout, int steps, int lora) {
    return StepBench.of(Shape.XS, layout, 2, steps, 1, Precision.FLOAT32, lora);
  }

  /// A program that says something of its own, keeps a copy of what it was given, and prints lines.
  private String python(String lines) throws IOException {
    var file = Files.createTempFile(scratch, "python", "");
    Files.writeString(
        file,
        """
        #!/bin/sh
        echo "a warning" >&2
        cp "$3/settings.json" "%s"
        echo loading
        %s
        """
            .formatted(scratch.resolve("seen.json"), lines));
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file.toString();
  }

  private Path folder(String name) throws IOException {
    return Files.createDirectory(scratch.resolve(name));
  }

  @Test
  void textsAreReadBackAsTheTokensTheyWereMadeOf() throws IOException {
    var folder = folder("case");
    var groups = bench("base", 1, 0).workload().groups(Shape.XS.vocabulary, 1);
    var written = new TrlCase(folder);
    written.tokenizer(folder, Shape.XS.vocabulary);
    assertThat(written.data(groups)).isEqualTo(1);
    try (var tokenizer = Tokenizer.load(folder);
        var read =
            EncodedGroups.of(
                Rows.open(folder.resolve("data.jsonl")).as(Needs.Feedback.PAIRS),
                new RowEncoder(tokenizer, Encoding.unlimited(Layout.CONTINUATIONS)),
                OptionalInt.empty())) {
      assertThat(read.count()).isEqualTo(groups.count());
      for (int g = 0; g < groups.count(); g++) {
        assertThat(read.group(g).prompt()).isEqualTo(groups.group(g).prompt());
        for (int c = 0; c < 2; c++) {
          assertThat(read.group(g).candidates().get(c).tokens())
              .isEqualTo(groups.group(g).candidates().get(c).tokens())
              .endsWith(Workload.END);
        }
      }
    }
  }

  @Test
  void listsBecomeComparisonsSideBySide() throws IOException {
    var folder = folder("case");
    var groups = bench("list", 1, 0).workload().groups(Shape.XS.vocabulary, 1);
    assertThat(new TrlCase(folder).data(groups)).isEqualTo(4);
    assertThat(Files.readAllLines(folder.resolve("data.jsonl"))).hasSize(4 * groups.count());
  }

  @Test
  void whatItTookIsReportedInOurTerms() throws IOException {
    var said =
        python(
            """
            echo '{"wall": [2.0, 4.0], "cpu": [3.0, 5.0], "products": [[10, 5], [20, 10]],\
             "loss": [0.5, 0.25, 0.125], "peak": 3145728, "versions": "trl 9"}'\
            """);
    var json = new Trl(said, true).train(bench("base", 2, 0), folder("train")).json();
    assertThat(json.get("pairs_per_s").asDouble()).isEqualTo(2 / 3.0);
    assertThat(json.get("cpu_s_per_pair").asDouble()).isEqualTo(2);
    assertThat(json.get("peak_resident_mib").asLong()).isEqualTo(3);
    assertThat(json.get("loss")).hasSize(3);
    assertThat(json.get("machine").asString()).endsWith("trl 9");
    var seen = Json.read(scratch.resolve("seen.json"));
    assertThat(seen.get("rows").asInt()).isEqualTo(2);
    assertThat(seen.get("steps").asInt()).isEqualTo(2);
    assertThat(seen.get("compile").asBoolean()).isTrue();
    assertThat(seen.get("precompute").asBoolean()).isTrue();

    json = new Trl(said, false).train(bench("list", 2, 0), folder("list")).json();
    assertThat(json.has("loss")).as("of comparisons, where ours is of a list").isFalse();
    assertThat(Json.read(scratch.resolve("seen.json")).get("rows").asInt()).isEqualTo(8);
  }

  @Test
  void drawingIsReportedInOurTerms() throws IOException {
    var said =
        python(
            """
            echo '{"rounds": [{"read": 1.0, "drawn": 3.0, "processor": 4.5}], "peak": 1048576}'\
            """);
    var bench = DrawBench.of(Shape.XS, "2x5x4", 1, 1, Precision.FLOAT32);
    var json = new Trl(said, false).draw(bench, folder("draw")).json();
    assertThat(json.get("tokens_per_second").asDouble()).isEqualTo(2);
    assertThat(json.get("step_ms").asDouble()).isEqualTo(1000);
    assertThat(json.get("cpu_ms_per_step").asDouble()).isEqualTo(1500);
    assertThat(json.get("read_ms_per_prompt").asDouble()).isEqualTo(500);
    assertThat(json.get("peak_resident_mib").asLong()).isEqualTo(1);
    assertThat(Json.read(scratch.resolve("seen.json")).get("prompt").asInt()).isEqualTo(5);
  }

  @Test
  void whatFailsIsSaidInOneLine() throws IOException {
    var wrong = python("echo 'it has no trl' >&2; exit 3");
    assertThatThrownBy(() -> new Trl(wrong, false).train(bench("base", 1, 0), folder("a")))
        .isInstanceOf(UserException.class)
        .hasMessage(wrong + " ended with exit code 3 and said: it has no trl");
    assertThatThrownBy(() -> new Trl(wrong, false).check(folder("none")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("it has no trl");
    var silent = python("true");
    assertThatThrownBy(() -> new Trl(silent, false).train(bench("base", 1, 0), folder("b")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("exit code 0 and said: a warning");
    var missing = scratch.resolve("none").toString();
    assertThatThrownBy(() -> new Trl(missing, false).train(bench("base", 1, 0), folder("c")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("cannot start " + missing)
        .hasMessageContaining("--python");
  }

  /// With the environment variable ALIDADE_PYTHON, a Python that has the packages.
  @ParameterizedTest
  @ValueSource(ints = {0, 4})
  void lossesOfTwentyStepsAreThoseOfTrl(int lora) throws IOException {
    var python = Objects.requireNonNullElse(System.getenv("ALIDADE_PYTHON"), "");
    assumeThat(python).as("ALIDADE_PYTHON").isNotEmpty();
    var bench = bench("base", 19, lora);
    double rate = 1e-2; // so that the losses move
    var ours = bench.run(folder("ours"), rate).json();
    var theirs = new Trl(python, false).train(bench, folder("theirs"), rate).json();
    var both = new SideBySide("trl", List.of(ours), List.of(theirs));
    assertThat(theirs.get("loss")).hasSize(20);
    assertThat(both.lossDifference()).isLessThan(1e-4);
    assertThat(ours.get("loss").get(19).asDouble()).isNotCloseTo(Math.log(2), within(0.01));
  }
}
