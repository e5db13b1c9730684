package io.alidade.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.journal.Journal;
import io.alidade.mine.FixtureRepository;
import io.alidade.mine.MavenArchive;
import io.alidade.store.Json;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The demonstration from end to end, on libraries made for the test and without any.
class DemoTest {
  private static final String LEARNED = "org.example:learned";

  /// By their names, the last is held out.
  private static final List<String> LEARNED_CLASSES = List.of("First", "Seventh", "Totals");

  private static final String HELD = "org.example:held";

  @TempDir Path folder;

  private final List<String> said = new ArrayList<>();

  private final Journal console =
      new Journal() {
        @Override
        public void log(long step, double epoch, SequencedMap<String, Double> metrics) {}

        @Override
        public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {}

        @Override
        public void message(String line) {
          said.add(line);
        }

        @Override
        public void progress(
            String what, long done, long total, String unit, SequencedMap<String, Double> shown) {}

        @Override
        public void close() {}
      };

  private Course course(List<URI> repositories, boolean offline) {
    return new Course(
        () -> MavenArchive.of(folder.resolve("local"), repositories, offline),
        List.of(LEARNED),
        List.of(HELD),
        2,
        2,
        1);
  }

  private void run(Path out, Course course) {
    Demo.run(out, folder.resolve("cache"), course, console, List.of("demo"));
  }

  /// A class with documented methods whose bodies depend on the release.
  private static String source(String name, String operator, int release) {
    var methods = new StringBuilder("package org.example;\npublic class " + name + " {\n");
    for (int i = 0; i < 6; i++) {
      methods.append(
          "  /** Says x %s %d. */\n  public int number%d(int x) {\n    %s\n  }\n"
              .formatted(
                  operator,
                  i,
                  i,
                  release == 1
                      ? "return x %s %d;".formatted(operator, i + 1)
                      : "int y = x %s %d;\n    return y;".formatted(operator, i)));
    }
    return methods + "}\n";
  }

  @Test
  void minesTunesAndShowsWhatChanged() throws IOException {
    var repository = new FixtureRepository(folder.resolve("central"));
    for (int release = 1; release <= 2; release++) {
      var sources = new ArrayList<String>();
      for (var name : LEARNED_CLASSES) {
        sources.add("org/example/" + name + ".java");
        sources.add(source(name, "+ " + name.length() + " +", release));
      }
      repository
          .release(LEARNED, release + ".0", sources.toArray(String[]::new))
          .release(HELD, release + ".0", "org/example/B.java", source("B", "*", release));
    }
    var out = folder.resolve("run");
    run(out, course(List.of(repository.uri()), false));
    assertThat(said)
        .contains(
            "12 pairs from 1 libraries to learn from; held out: 6 from other classes of theirs, 6 from "
                + HELD)
        .noneMatch(line -> line.contains("planted"));
    assertThat(Files.readString(folder.resolve("run-data/train.jsonl")))
        .contains(LEARNED)
        .doesNotContain(HELD);
    assertThat(said)
        .anyMatch(line ->
            line.startsWith("Implicit-reward accuracy, classes")
                && line.contains("6 pairs of classes never seen"));
    shows(out, "libraries never seen: " + HELD, 6);
    assertThatThrownBy(() -> run(out, course(List.of(), true)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("already holds a run");
  }

  @Test
  void runsOnAPlantedSetWhereNoLibraryIsWithinReachAndSaysSo() throws IOException {
    var out = folder.resolve("run");
    run(out, course(List.of(), true));
    assertThat(said)
        .anyMatch(line -> line.startsWith("no library could be mined ("))
        .anyMatch(line -> line.contains("planted set") && line.contains("nothing about real code"));
    shows(out, "planted families never seen", 4);
  }

  /// What anyone who runs it must find.
  private void shows(Path out, String source, int headlines) throws IOException {
    var page = Files.readString(out.resolve("report.html"));
    assertThat(page)
        .contains("Preference accuracy", "Bodies that javac parses", "KL to the reference", source)
        .doesNotContain("NaN");
    assertThat(said)
        .anyMatch(line -> line.startsWith("Implicit-reward accuracy") && line.contains(source))
        .anyMatch(line -> line.startsWith("--- before"));
    var summary = Json.read(out.resolve("summary.json"));
    assertThat(summary.path("headlines").size()).isEqualTo(headlines);
    assertThat(out.resolve("model/model.safetensors")).exists();
    assertThat(Json.read(out.resolve("provenance.json")).has("finished")).isTrue();
  }
}
