package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.journal.Journal;
import io.alidade.report.Interval;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ComparisonTest {
  private static final Path LLAMA =
      Path.of("src/test/resources/golden/models/llama").toAbsolutePath();

  @TempDir Path folder;

  @BeforeEach
  void data() throws IOException {
    var rows = new StringBuilder();
    for (int i = 0; i < 24; i++) {
      rows.append(
          "{\"prompt\": \"%d plus %d?\", \"chosen\": \" %d.\", \"rejected\": \" %d.\"}\n"
              .formatted(i, i + 1, 2 * i + 1, 3 * i));
    }
    Files.writeString(folder.resolve("pairs.jsonl"), rows);
  }

  private Comparison comparison(Path out, int seeds, int steps, String... recipes) {
    var settings = new LinkedHashMap<String, String>();
    settings.put("model", LLAMA.toString());
    settings.put("data", folder.resolve("pairs.jsonl").toString());
    settings.put("logging_steps", "1");
    settings.put("eval_steps", "0");
    return Comparison.of(List.of(recipes), "tiny", settings, steps, seeds, out);
  }

  private static void run(Comparison comparison) {
    comparison.run(Journal.silent(), List.of());
  }

  @Test
  void allRunsShareDataModelBudgetAndReference() throws IOException {
    var out = folder.resolve("out");
    var comparison = comparison(out, 2, 3, "dpo", "ipo", "simpo");
    run(comparison);
    var json = Json.readObject(out.resolve("compare.json"));
    assertThat(json.path("max_steps").asInt()).isEqualTo(3);
    assertThat(json.path("seeds").valueStream().map(JsonNode::asInt)).containsExactly(42, 43);
    assertThat(json.path("arms").size()).isEqualTo(3);
    for (var arm : json.path("arms")) {
      assertThat(arm.path("axes").size()).isEqualTo(4);
      var runs = arm.path("runs");
      assertThat(runs.size()).isEqualTo(2);
      for (var measure : List.of("accuracy", "margin", "loss", "seconds")) {
        var interval =
            Interval.of(runs.get(0).path(measure).asDouble(), runs.get(1).path(measure).asDouble());
        var told = arm.path("measures").path(measure);
        assertThat(told.path("mean").asDouble()).isEqualTo(interval.mean());
        assertThat(told.path("half_width").asDouble()).isEqualTo(interval.half());
      }
      for (var run : runs) {
        var log =
            Files.readString(out.resolve(run.path("folder").asString("")).resolve("metrics.jsonl"));
        assertThat(log).contains("\"step\":3").doesNotContain("\"step\":4");
      }
    }
    assertThat(json.path("arms").get(0).path("measures").has("kl")).isTrue();
    assertThat(json.path("arms").get(2).path("measures").has("kl")).isFalse(); // no reference
    // The loss before training is that of the recipe alone: ln 2 for dpo whatever the seed.
    assertThat(Files.readString(out.resolve("dpo/seed-43/metrics.jsonl").toAbsolutePath()))
        .contains("\"eval_loss\":0.693147");
    try (var caches = Files.list(out.resolve("reference"))) {
      assertThat(caches.filter(file -> file.toString().endsWith(".logps"))).hasSize(1);
    }
    assertThat(Files.readString(out.resolve("compare.html")))
        .contains("Held-out preference accuracy", "±", "general alignment", "simpo");
  }

  @Test
  void aDifferentRequestIntoTheSameFolderIsAnError() throws IOException {
    var out = folder.resolve("out");
    run(comparison(out, 1, 1, "simpo"));
    assertThatThrownBy(() -> run(comparison(out, 1, 2, "simpo")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("this folder holds another comparison, which has 'max_steps: 1'")
        .hasMessageContaining("'max_steps: 2'");
    assertThatThrownBy(() -> run(comparison(out, 1, 1, "simpo", "dpo")))
        .hasMessageContaining("this folder holds another comparison");
    assertThatThrownBy(() -> run(comparison(folder, 1, 1, "simpo")))
        .hasMessageEndingWith("is not the folder of a comparison: choose another --out");
    // The same request with other rows behind the same name.
    Files.writeString(
        folder.resolve("pairs.jsonl"),
        Files.readString(folder.resolve("pairs.jsonl")).replace(" 1.", " 2."));
    var two = comparison(out.resolveSibling("two"), 2, 1, "simpo");
    run(comparison(out, 1, 1, "simpo"));
    run(two);
    Files.writeString(
        folder.resolve("pairs.jsonl"),
        Files.readString(folder.resolve("pairs.jsonl")).replace(" 2.", " 3."));
    Files.delete(two.out().resolve("simpo/seed-43/provenance.json"));
    io.alidade.store.AtomicFiles.delete(two.out().resolve("simpo/seed-43"));
    assertThatThrownBy(() -> run(two))
        .hasMessageContaining("read different content under the name of data");
  }

  @Test
  void anArmThatDoesNotFitTheDataIsFoundBeforeTheFirstRun() {
    var out = folder.resolve("out");
    assertThatThrownBy(() -> run(comparison(out, 1, 1, "simpo", "curry-dpo")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("strategy Curriculum makes pairs of rankings");
    assertThat(out).doesNotExist();
  }

  @Test
  void recipesOfTheSameNameGetNumbers() {
    var comparison = comparison(folder.resolve("out"), 1, 1, "dpo", "dpo");
    assertThat(comparison.arms()).extracting(Comparison.Arm::name).containsExactly("dpo", "dpo-2");
  }

  @Test
  void intervalsAreStudents() {
    var interval = Interval.of(1, 2, 3);
    assertThat(interval.mean()).isEqualTo(2);
    assertThat(interval.half()).isCloseTo(4.303 / Math.sqrt(3), within(1e-12));
    assertThat(Interval.of(5).half()).isNaN();
    assertThat(interval).hasToString("2.0 ± 2.5");
    assertThat(Interval.of(0.5, 0.5)).hasToString("0.5000 ± 0.0000");
    assertThat(Interval.of(0.25)).hasToString("0.2500");
    assertThat(Interval.of(Double.NaN)).hasToString("-");
  }

  @Test
  void aKilledComparisonGoesOnWithinTheRunThatItWasIn() throws Exception {
    var whole = folder.resolve("whole");
    run(comparison(whole, 2, 10, "dpo", "simpo"));

    var cut = folder.resolve("cut");
    var process = process(cut);
    // dpo 42, simpo 42, dpo 43: killed in the third run.
    var third = cut.resolve("dpo/seed-43/checkpoints/checkpoint-4");
    while (process.isAlive() && !Files.exists(third)) {
      Thread.sleep(5);
    }
    process.destroyForcibly().waitFor(); // SIGKILL: no handler runs
    assertThat(third).exists();
    assertThat(cut.resolve("dpo/seed-43/model")).as("killed before its end").doesNotExist();
    var finished = times(cut.resolve("dpo/seed-42"));
    finished.putAll(times(cut.resolve("simpo/seed-42")));

    run(comparison(cut, 2, 10, "dpo", "simpo"));
    for (var entry : finished.entrySet()) {
      assertThat(Files.getLastModifiedTime(entry.getKey())).isEqualTo(entry.getValue());
    }
    assertThat(Json.readObject(cut.resolve("dpo/seed-43/provenance.json")).path("resumed").size())
        .isEqualTo(1);
    for (var run : List.of("dpo/seed-42", "simpo/seed-42", "dpo/seed-43", "simpo/seed-43")) {
      assertThat(cut.resolve(run + "/model/model.safetensors"))
          .hasSameBinaryContentAs(whole.resolve(run + "/model/model.safetensors"));
    }
    assertThat(numbers(cut)).isEqualTo(numbers(whole));
  }

  private Process process(Path out) throws IOException {
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
                "compare",
                "dpo",
                "simpo",
                "--model",
                LLAMA.toString(),
                "--data",
                folder.resolve("pairs.jsonl").toString(),
                "--set",
                "logging_steps=1",
                "--set",
                "eval_steps=0",
                "--steps",
                "10",
                "--seeds",
                "2",
                "--out",
                out.toString()));
    var builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("cut.log").toFile());
    builder.environment().put("OMP_NUM_THREADS", "1");
    return builder.start();
  }

  private static Map<Path, FileTime> times(Path run) throws IOException {
    var times = new TreeMap<Path, FileTime>();
    try (var files = Files.walk(run)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        times.put(file, Files.getLastModifiedTime(file));
      }
    }
    return times;
  }

  /// `compare.json` without what the clock says.
  private static String numbers(Path out) {
    var json = Json.readObject(out.resolve("compare.json"));
    for (var arm : json.path("arms")) {
      ((tools.jackson.databind.node.ObjectNode) arm.path("measures")).remove("seconds");
      for (var run : arm.path("runs")) {
        ((tools.jackson.databind.node.ObjectNode) run).remove("seconds");
      }
    }
    return Json.pretty(json);
  }
}
