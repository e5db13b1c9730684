package io.alidade.study;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.journal.Journal;
import io.alidade.journal.Provenance;
import io.alidade.store.AtomicFiles;
import io.alidade.tensor.Natives;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;

/// Carries a study out: a trial a seed, each kept as soon as it is done, then the verdict and the
/// page. Killed at any moment, the next run takes over the trials that were finished.
///
/// @param name of the study
/// @param seeds how many, at least 1
/// @param firstSeed the first of them; the others follow
/// @param reduced whether the reduced form is run
/// @param fresh whether to compute all trials anew
/// @param version of what computes; only trials of the same version are taken over
/// @param command that is written down as what repeats it
public record StudyRun(
    String name,
    Study study,
    int seeds,
    long firstSeed,
    boolean reduced,
    boolean fresh,
    String version,
    String command) {
  private static final int TICKS = 100; // of a trial, for the progress bar

  /// Checks the ranges.
  public StudyRun {
    Check.atLeast("--seeds", 1, seeds);
    Check.atLeast("--first-seed", 0, firstSeed);
  }

  /// Runs what is missing, judges, and writes the page into a folder.
  ///
  /// @param out the folder
  /// @param journal told how far it is
  /// @param clock of dates and durations
  public Findings run(Path out, Journal journal, InstantSource clock) {
    Natives.threads(1); // the models are so small that a second thread costs more than it gives
    var files = new TrialFiles(out.resolve("trials"), name, version, reduced);
    AtomicFiles.sweep(files.folder());
    var trials = new ArrayList<Trial>();
    var seconds = new ArrayList<Double>();
    for (int i = 0; i < seeds; i++) {
      long seed = firstSeed + i;
      var kept = fresh ? java.util.Optional.<TrialFiles.Kept>empty() : files.read(seed);
      if (kept.isPresent()) {
        journal.message(
            "seed %d: taken over from an earlier run; --fresh runs it anew".formatted(seed));
      } else {
        kept = java.util.Optional.of(trial(seed, i, out, journal, clock));
        files.write(kept.get());
      }
      trials.add(kept.get().trial());
      seconds.add(kept.get().seconds());
    }
    var results = new Results(trials);
    var findings =
        new Findings(
            name,
            study,
            results,
            reduced ? study.direction(results) : study.judge(results),
            seconds,
            reduced,
            LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC),
            command,
            machine());
    StudyPage.write(findings, out);
    return findings;
  }

  private TrialFiles.Kept trial(
      long seed, int number, Path out, Journal journal, InstantSource clock) {
    var scratch = scratch(out);
    try {
      Files.createDirectories(scratch);
      var begun = clock.instant();
      var shown = new LinkedHashMap<String, Double>();
      shown.put("seed", (double) seed);
      journal.progress(name, (long) number * TICKS, (long) seeds * TICKS, "ticks", shown);
      var trial =
          study.run(
              new Bench(
                  seed,
                  reduced,
                  scratch,
                  (_, share) ->
                      journal.progress(
                          name,
                          // the last tick is for when the trial is kept
                          (long) number * TICKS
                              + Math.clamp(Math.round(share * TICKS), 0, TICKS - 1),
                          (long) seeds * TICKS,
                          "ticks",
                          shown)));
      if (trial.seed() != seed) {
        throw new IllegalStateException(
            "%s gave a trial of seed %d for seed %d".formatted(name, trial.seed(), seed));
      }
      double took = java.time.Duration.between(begun, clock.instant()).toMillis() / 1e3;
      journal.progress(name, (number + 1L) * TICKS, (long) seeds * TICKS, "ticks", shown);
      return new TrialFiles.Kept(trial, took);
    } catch (IOException e) {
      throw new UserException("cannot use %s: %s".formatted(scratch, e.getMessage()), e);
    } finally {
      discard(scratch);
    }
  }

  /// A scratch folder of this process, without those that dead processes left.
  private static Path scratch(Path out) {
    if (Files.isDirectory(out)) {
      try (var folders = Files.newDirectoryStream(out, "scratch-*")) {
        for (var folder : folders) {
          var process = folder.getFileName().toString().substring("scratch-".length());
          if (process.matches("\\d{1,18}") && ProcessHandle.of(Long.parseLong(process)).isEmpty()) {
            discard(folder);
          }
        }
      } catch (IOException e) {
        throw new UserException("cannot list %s: %s".formatted(out, e.getMessage()), e);
      }
    }
    var scratch = out.resolve("scratch-" + ProcessHandle.current().pid());
    discard(scratch);
    return scratch;
  }

  private static void discard(Path folder) {
    try {
      AtomicFiles.delete(folder);
    } catch (IOException e) {
      throw new UserException("cannot remove %s: %s".formatted(folder, e.getMessage()), e);
    }
  }

  private static String machine() {
    return "%s, Java %s".formatted(Provenance.cpu(), System.getProperty("java.version"));
  }
}
