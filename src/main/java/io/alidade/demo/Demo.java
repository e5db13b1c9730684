package io.alidade.demo;

import io.alidade.UserException;
import io.alidade.journal.Journal;
import io.alidade.journal.RunFolder;
import io.alidade.mine.Coordinate;
import io.alidade.mine.MavenArchive;
import io.alidade.mine.MineOptions;
import io.alidade.mine.MinedFolder;
import io.alidade.mine.Miner;
import io.alidade.recipe.Plan;
import io.alidade.run.TrainingRun;
import io.alidade.store.AtomicFiles;
import io.alidade.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Mines preferences from published Java libraries, tunes a small code model on them, and shows
/// what changed on libraries that it never saw.
public final class Demo {
  private static final List<String> LIBRARIES =
      List.of(
          "org.apache.commons:commons-lang3",
          "org.apache.commons:commons-collections4",
          "org.apache.commons:commons-compress",
          "org.apache.commons:commons-math3",
          "commons-io:commons-io",
          "org.apache.commons:commons-text",
          "com.google.code.gson:gson");

  /// Neither the model's training nor the tuning sees anything of these.
  private static final List<String> HELD_OUT =
      List.of("org.jsoup:jsoup", "org.apache.commons:commons-csv");

  private static final List<String> MODEL_FILES =
      List.of(
          "config.json",
          "generation_config.json",
          "model.safetensors",
          "tokenizer.json",
          "tokenizer_config.json");

  /// Share of the classes of the libraries learned from that are kept for measuring.
  private static final double HELD_OUT_CLASSES = 0.1;

  private static final int VERSIONS = 12;
  private static final int MAX_LENGTH = 256;

  /// Characters of a prompt with its longer body at most: what fits the limit uncut, since a cut
  /// pair may have lost its difference.
  private static final int MAX_CHARS = 800;

  private static final int SAMPLED = 32;
  private static final int SHOWN = 6;

  private Demo() {}

  /// Runs the demonstration.
  ///
  /// @param out folder of the run; must not hold one
  /// @param cache where mined jars, the model and likelihoods are kept between runs
  /// @param offline whether to reach for the network at all
  /// @param steps of training
  /// @param console told what happens
  /// @param command the command line, for the provenance
  /// @throws UserException if the folder holds a run already
  public static void run(
      Path out, Path cache, boolean offline, int steps, Journal console, List<String> command) {
    Supplier<MavenArchive> archive = () -> MavenArchive.ofUser(offline);
    var course = new Course(archive, LIBRARIES, HELD_OUT, steps, SAMPLED, PlantedPairs.ALL);
    run(out, cache, course, console, command);
  }

  /// Runs the demonstration on a course of its own.
  static void run(Path out, Path cache, Course course, Journal console, List<String> command) {
    if (RunFolder.holdsRun(out)) {
      throw new UserException(out + " already holds a run: choose another --out");
    }
    var model = model(cache.resolve("demo").resolve("model"));
    var data = out.resolveSibling(out.getFileName() + "-data");
    boolean mined = mine(data, cache.resolve("mine"), course, console);
    var settings = new LinkedHashMap<String, String>();
    settings.put("model", model.toString());
    settings.put("data", data.resolve("train.jsonl").toString());
    settings.put("eval_data", data.resolve("test.jsonl").toString());
    settings.put("max_steps", Integer.toString(course.steps()));
    settings.put("max_length", Integer.toString(MAX_LENGTH));
    var plan = Plan.load("dpo", "demo", settings);
    long seed = plan.scale().seed();
    try (var tokenizer = Tokenizer.load(model);
        var held = Held.of(data, tokenizer, MAX_LENGTH)) {
      console.message("measuring the model as it is …");
      var before = held.measured(model, tokenizer, course.sampled(), SHOWN, seed);
      var trained = TrainingRun.run(plan, out, false, cache.resolve("reference"), console, command);
      console.message("measuring the tuned model …");
      var after = held.measured(trained, tokenizer, course.sampled(), SHOWN, seed);
      new Findings(course, mined, held, before, after).write(out, tokenizer, console);
    }
  }

  /// Unpacks the model that the program carries.
  private static Path model(Path folder) {
    if (!Files.exists(folder)) {
      AtomicFiles.folder(
          folder,
          into -> {
            for (var name : MODEL_FILES) {
              try (var in = Demo.class.getResourceAsStream("model/" + name)) {
                if (in == null) {
                  throw new IllegalStateException(
                      "the program lacks its demonstration model: " + name);
                }
                Files.copy(in, into.resolve(name));
              }
            }
          });
    }
    return folder;
  }

  private static boolean mine(Path data, Path cache, Course course, Journal console) {
    if (Files.exists(data.resolve("train.jsonl"))) {
      console.message("pairs of an earlier run: " + data);
      return Files.exists(data.resolve("manifest.json"));
    }
    console.message("mining preferences from the releases of published libraries …");
    var libraries =
        Stream.concat(course.libraries().stream(), course.heldOut().stream())
            .map(Coordinate::of)
            .toList();
    try (var archive = course.archive().get()) {
      var options =
          new MineOptions(
              VERSIONS,
              MAX_CHARS,
              cache,
              Set.copyOf(course.heldOut()),
              HELD_OUT_CLASSES,
              List.of(),
              false,
              false,
              2);
      var found =
          Miner.maven(
              archive,
              libraries,
              options,
              (library, what, done, of) ->
                  console.progress("mine", done, of, library, new LinkedHashMap<>()));
      if (found.train().isEmpty() || found.test().isEmpty()) {
        throw new UserException("nothing was mined");
      }
      MinedFolder.write(found, data, InstantSource.system());
      console.message(
          "%,d pairs from %d libraries to learn from; held out: %,d from other classes of theirs, %,d from %s"
              .formatted(
                  found.train().size(),
                  course.libraries().size(),
                  found.testClasses().size(),
                  found.test().size(),
                  String.join(", ", course.heldOut())));
      return true;
    } catch (UserException e) {
      console.message("no library could be mined (" + e.getMessage() + ")");
      console.message(
          "running on a planted set of small methods instead; its figures say nothing about real code");
      try {
        Files.createDirectories(data);
      } catch (IOException failure) {
        throw new UncheckedIOException(failure);
      }
      PlantedPairs.write(data, course.planted());
      return false;
    }
  }
}
