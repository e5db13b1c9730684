package io.alidade.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.journal.Journal;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How a study is carried out.
class StudyRunTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-01-02T03:04:05Z"));

  @TempDir private Path folder;

  /// Draws numbers; fails at a seed if told to.
  private record Dice(List<Long> ran, Set<Long> broken) implements Study {
    Dice() {
      this(new ArrayList<>(), new TreeSet<>());
    }

    @Override
    public List<String> recipes() {
      return List.of("dpo");
    }

    @Override
    public String claim() {
      return "Loaded dice show more than fair ones.";
    }

    @Override
    public String criterion() {
      return "Mean at least 1 above.";
    }

    @Override
    public Trial run(Bench bench) {
      ran.add(bench.seed());
      assertThat(bench.scratch()).isEmptyDirectory();
      try {
        Files.writeString(bench.scratch().resolve("left"), "over");
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
      if (broken.contains(bench.seed())) {
        throw new IllegalStateException("the dice fell from the table");
      }
      var trial = Trial.of(bench.seed());
      var random = bench.random("dice");
      int rolls = bench.size(100, 10);
      double fair = random.ints(rolls, 1, 7).average().orElseThrow();
      trial.note("fair", "mean", fair).note("loaded", "mean", fair + 1.5);
      trial.note("loaded", "nothing", Double.NaN);
      for (int i = 0; i < 3; i++) {
        trial.point("rolls", i, random.nextDouble());
      }
      return trial;
    }

    @Override
    public Verdict judge(Results results) {
      return Verdict.of(
          Verdict.Part.atLeast("loaded above fair", results.gain("loaded", "fair", "mean"), 1),
          Verdict.Part.atMost("fair at most 0", results.mean("fair", "mean"), 0));
    }
  }

  private StudyRun of(Dice dice, int seeds, boolean reduced, boolean fresh, String version) {
    return new StudyRun(
        "dice",
        dice,
        seeds,
        1,
        reduced,
        fresh,
        version,
        folder.resolve("shared"),
        "./alidade study dice --seeds " + seeds);
  }

  private Findings run(Dice dice, int seeds) {
    return of(dice, seeds, false, false, "1").run(folder, Journal.silent(), CLOCK);
  }

  @Test
  void thePageHasClaimCriterionPartsTableFiguresAndCommand() throws IOException {
    var findings = run(new Dice(), 3);
    assertThat(findings.outcome()).isEqualTo("1 of 2 parts reproduced");
    var page = Files.readString(folder.resolve("README.md"));
    assertThat(page)
        .contains("Loaded dice show more", "Mean at least 1 above.", "1 of 2 parts reproduced")
        .contains(
            "| loaded above fair | yes | 1.500, wanted ≥ 1.000 |", "| fair at most 0 | **no** |")
        .contains("| arm | mean | nothing |", "![mean](figure-1.svg)", "2026-01-02")
        .contains("`./alidade study dice --seeds 3`", "seeds 1, 2, 3", "Java ");
    assertThat(Files.readString(folder.resolve("figure-1.svg"))).startsWith("<svg");
    var json = Json.readObject(folder.resolve("outcome.json"));
    assertThat(json.path("outcome").stringValue()).isEqualTo("1 of 2 parts reproduced");
    assertThat(json.path("recipes").path(0).stringValue()).isEqualTo("dpo");
    assertThat(json.path("values").path("loaded").path("mean")).hasSize(3);
    assertThat(json.path("parts").path(1).path("held").booleanValue()).isFalse();
  }

  @Test
  void finishedTrialsAreNotRunAgainAndGiveTheSameNumbers() {
    var whole = run(new Dice(), 3).results();
    var again = new Dice();
    var more = run(again, 4).results();
    assertThat(again.ran()).containsExactly(4L);
    assertThat(more.values("fair", "mean")).startsWith(whole.values("fair", "mean"));
    assertThat(
            java.util.Objects.requireNonNull(more.trials().getFirst().curves().get("rolls")).get(2))
        .isEqualTo(
            java.util.Objects.requireNonNull(whole.trials().getFirst().curves().get("rolls"))
                .get(2));
    assertThat(more.values("loaded", "nothing")).containsOnly(Double.NaN);
  }

  @Test
  void aStudyThatFailedGoesOnWhereItStopped() {
    var broken = new Dice();
    broken.broken().add(3L);
    assertThatThrownBy(() -> run(broken, 3)).hasMessageContaining("fell from the table");
    assertThat(folder.resolve("outcome.json")).doesNotExist();
    var rest = new Dice();
    run(rest, 3);
    assertThat(rest.ran()).containsExactly(3L);
    try (var left = Files.list(folder)) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("scratch"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void trialsOfAnotherFormOrVersionAreNotTaken() {
    run(new Dice(), 2);
    var reduced = new Dice();
    of(reduced, 2, true, false, "1").run(folder, Journal.silent(), CLOCK);
    assertThat(reduced.ran()).containsExactly(1L, 2L);
    var kept = new Dice();
    run(kept, 2);
    assertThat(kept.ran()).isEmpty();
    var newer = new Dice();
    of(newer, 2, false, false, "2").run(folder, Journal.silent(), CLOCK);
    assertThat(newer.ran()).containsExactly(1L, 2L);
    var fresh = new Dice();
    of(fresh, 2, false, true, "2").run(folder, Journal.silent(), CLOCK);
    assertThat(fresh.ran()).containsExactly(1L, 2L);
  }

  @Test
  void aKilledProcessLosesNoFinishedTrial() throws Exception {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Slow.class.getName(),
                folder.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolveSibling(folder.getFileName() + ".log").toFile())
            .start();
    var second = folder.resolve("trials").resolve("seed-2.json");
    var scratch = folder.resolve("scratch-" + process.pid());
    while (process.isAlive() && !(Files.exists(second) && Files.exists(scratch))) {
      process.waitFor(20, TimeUnit.MILLISECONDS);
    }
    process.destroyForcibly().waitFor();
    assertThat(second).exists();
    assertThat(scratch).as("of the third trial").exists();
    var rest = new Dice();
    var resumed = run(rest, 3).results();
    assertThat(rest.ran()).containsExactly(3L);
    assertThat(scratch).doesNotExist();
    var other = folder.resolve("undisturbed");
    var whole = of(new Dice(), 3, false, false, "1").run(other, Journal.silent(), CLOCK).results();
    assertThat(resumed.values("fair", "mean")).isEqualTo(whole.values("fair", "mean"));
  }

  /// A process whose third trial never ends.
  static final class Slow {
    private Slow() {}

    public static void main(String[] args) {
      var dice = new Dice();
      var out = Path.of(args[0]);
      new StudyRun("dice", new Endless(dice), 3, 1, false, false, "1", out.resolve("shared"), "")
          .run(out, Journal.silent(), CLOCK);
    }
  }

  private record Endless(Dice dice) implements Study {
    @Override
    public List<String> recipes() {
      return dice.recipes();
    }

    @Override
    public String claim() {
      return dice.claim();
    }

    @Override
    public String criterion() {
      return dice.criterion();
    }

    @Override
    public Trial run(Bench bench) {
      while (bench.seed() == 3) {
        try {
          Thread.sleep(1000);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IllegalStateException(e);
        }
      }
      return dice.run(bench);
    }

    @Override
    public Verdict judge(Results results) {
      return dice.judge(results);
    }
  }
}
