package io.alidade.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
  @TempDir Path temp;

  private static SequencedMap<String, Double> metrics(String name, double value) {
    var metrics = new LinkedHashMap<String, Double>();
    metrics.put(name, value);
    return metrics;
  }

  private Path run() {
    var out = temp.resolve("runs/one");
    try (var folder = RunFolder.create(out, false)) {
      folder.resolved("recipe:\n  beta: 0.1\n");
      folder.provenance(provenance());
      try (var journal = folder.metrics(0)) {
        journal.log(1, 0.1, metrics("loss", 0.7));
        journal.log(2, 0.2, metrics("loss", 0.6));
        journal.evaluation(2, 0.2, metrics("loss", 0.65));
        journal.log(3, 0.3, metrics("loss", Double.NaN));
      }
    }
    return out;
  }

  private static Provenance provenance() {
    return new Provenance(
        List.of("train", "dpo"),
        "dpo",
        42,
        2,
        "cpu",
        List.of(),
        Instant.parse("2026-01-02T03:04:05Z"));
  }

  @Test
  void refusesAFolderThatHoldsARun() {
    var out = run();
    assertThatThrownBy(() -> RunFolder.create(out, false))
        .isInstanceOf(UserException.class)
        .hasMessage(
            out + " already holds a run: add --resume to continue it, or choose another --out");
  }

  @Test
  void refusesAFolderThatHoldsSomethingElse() throws IOException {
    Files.writeString(temp.resolve("thesis.txt"), "mine");
    assertThatThrownBy(() -> RunFolder.create(temp, false))
        .hasMessageContaining("is not the folder of a run");
    assertThatThrownBy(() -> RunFolder.create(temp.resolve("thesis.txt"), false))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("choose another --out");
    assertThatThrownBy(() -> RunFolder.create(temp.resolve("thesis.txt/run"), false))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("choose another --out");
    assertThat(temp.toFile().list()).containsExactly("thesis.txt");
  }

  @Test
  void refusesToResumeNothing() {
    assertThatThrownBy(() -> RunFolder.create(temp.resolve("absent"), true))
        .hasMessageContaining("nothing to resume");
  }

  @Test
  void isLockedWhileOpen() {
    var out = run();
    try (var _ = RunFolder.create(out, true)) {
      assertThatThrownBy(() -> RunFolder.create(out, true))
          .hasMessageContaining("is in use by another process");
    }
    RunFolder.create(out, true).close();
  }

  @Test
  void resumesWithTheSameSettingsOnly() {
    try (var folder = RunFolder.create(run(), true)) {
      folder.resolved("recipe:\n  beta: 0.1\n");
      assertThatThrownBy(() -> folder.resolved("recipe:\n  beta: 0.2\n"))
          .hasMessageContaining(
              "line 2: the run was started with 'beta: 0.1', now it is 'beta: 0.2'");
    }
  }

  @Test
  void cutsMetricsBackToTheCheckpoint() throws IOException {
    var out = run();
    var file = out.resolve("metrics.jsonl");
    Files.writeString(file, Files.readString(file) + "{\"step\": 4, \"lo");
    assertThat(MetricsLog.read(out).rows()).hasSize(4);
    try (var folder = RunFolder.create(out, true);
        var journal = folder.metrics(2)) {
      journal.log(3, 0.3, metrics("loss", 0.5));
    }
    var log = MetricsLog.read(out);
    assertThat(log.rows()).extracting(MetricsLog.Row::step).containsExactly(1L, 2L, 2L, 3L);
    assertThat(log.names()).containsExactly("loss", "eval_loss");
    assertThat(log.last("loss")).hasValue(0.5);
    assertThat(log.curve("eval_loss")).containsExactly(new MetricsLog.Point(2, 0.65));
    assertThat(log.rows()).extracting(MetricsLog.Row::seconds).isSorted();
  }

  @Test
  void writesEventsForTensorBoard() throws IOException {
    var out = run();
    try (var files = Files.list(out)) {
      var events =
          files.filter(f -> f.getFileName().toString().startsWith("events.out.tfevents.")).toList();
      assertThat(events).hasSize(1);
      assertThat(Files.readString(events.getFirst(), StandardCharsets.ISO_8859_1))
          .contains("train/loss", "eval/loss", "train/epoch");
    }
  }

  @Test
  void keepsNumbersThatJsonHasNoWordFor() {
    var rows = MetricsLog.read(run()).rows();
    assertThat(rows.getLast().metrics().get("loss")).isNaN();
    assertThat(MetricsLog.read(temp.resolve("runs/one")).curve("loss")).hasSize(2);
  }

  @Test
  void provenanceTellsOfMachineAndStarts() throws IOException {
    var out = run();
    Files.writeString(temp.resolve("data.jsonl"), "abc");
    var input = Provenance.Input.of("data", "data.jsonl", temp.resolve("data.jsonl"));
    assertThat(input.sha256())
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    try (var folder = RunFolder.create(out, true)) {
      folder.provenance(
          new Provenance(
              List.of("train"),
              "dpo",
              1,
              1,
              "cpu",
              List.of(input),
              Instant.parse("2026-01-03T00:00:00Z")));
      folder.finished(Instant.parse("2026-01-03T01:00:00Z"));
    }
    var json = Json.readObject(out.resolve("provenance.json"));
    assertThat(json.path("started").asString()).isEqualTo("2026-01-02T03:04:05Z");
    assertThat(json.path("resumed").get(0).asString()).isEqualTo("2026-01-03T00:00:00Z");
    assertThat(json.path("finished").asString()).isEqualTo("2026-01-03T01:00:00Z");
    assertThat(json.path("recipe").asString()).isEqualTo("dpo");
    assertThat(json.path("libraries").size()).isPositive();
    assertThat(json.path("java").path("version").asString()).startsWith("25");
    assertThat(json.path("inputs").get(0).path("bytes").asLong()).isEqualTo(3);
  }

  @Test
  void digestsFoldersByNameAndContent() throws IOException {
    Files.createDirectories(temp.resolve("m/sub"));
    Files.writeString(temp.resolve("m/a"), "1");
    Files.writeString(temp.resolve("m/sub/b"), "2");
    var before = Provenance.Input.of("model", "m", temp.resolve("m"));
    assertThat(Provenance.Input.of("model", "m", temp.resolve("m"))).isEqualTo(before);
    Files.move(temp.resolve("m/a"), temp.resolve("m/c"));
    assertThat(Provenance.Input.of("model", "m", temp.resolve("m")).sha256())
        .isNotEqualTo(before.sha256());
  }

  @Test
  void findsTheRunToResume() throws IOException {
    var runs = temp.resolve("r");
    assertThat(RunFolder.latestUnfinished(runs, "dpo")).isEmpty();
    for (int hour = 1; hour <= 3; hour++) {
      var out = RunFolder.fresh(runs, "dpo", LocalDateTime.of(2026, 1, 2, hour, 0));
      try (var folder = RunFolder.create(out, false)) {
        folder.resolved("x: 1\n");
        folder.provenance(provenance());
        if (hour == 3) {
          folder.finished(Instant.EPOCH);
        }
      }
    }
    assertThat(RunFolder.latestUnfinished(runs, "dpo"))
        .contains(runs.resolve("dpo-20260102-020000"));
    assertThat(RunFolder.latestUnfinished(runs, "dp")).isEmpty();
  }
}
