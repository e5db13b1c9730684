package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.journal.MetricsLog;
import io.alidade.journal.RunFolder;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Lists runs side by side.
@Command(name = "runs", description = "List and compare the runs in a folder.")
final class RunsCommand implements Callable<Integer> {
  private static final DateTimeFormatter WHEN = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm");

  private static final Pattern MODEL = Pattern.compile("\\n  model: \"?([^\"\\n]*)");

  /// Characters of a model's name that are shown.
  private static final int LONGEST = 24;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "DIR",
      defaultValue = "runs",
      description = "Folder of runs (default: ${DEFAULT-VALUE}).")
  private Path folder = Path.of("runs");

  @Override
  public Integer call() {
    var out = spec.commandLine().getOut();
    var runs = runs();
    if (runs.isEmpty()) {
      out.printf(
          "no runs in %s yet; start one with%n  ./alidade train dpo --model MODEL --data prefs.jsonl%n",
          folder);
      out.flush();
      return Main.OK;
    }
    var table =
        new Table(
            "run",
            "recipe",
            "model",
            "steps",
            "loss",
            "eval loss",
            "accuracy",
            "margin",
            "when",
            "state");
    for (var run : runs) {
      var log = MetricsLog.read(run);
      var resolved = resolved(run);
      table.row(
          run.equals(folder) ? run.toString() : folder.relativize(run).toString(),
          recipe(run),
          model(resolved),
          log.rows().isEmpty() ? "0" : Long.toString(log.rows().getLast().step()),
          last(log, "loss"),
          last(log, "eval_loss"),
          either(log, "eval_rewards/accuracies", "rewards/accuracies"),
          either(log, "eval_rewards/margins", "rewards/margins"),
          started(run),
          state(run));
    }
    table.print(out);
    return Main.OK;
  }

  private List<Path> runs() {
    if (RunFolder.holdsRun(folder)) {
      return List.of(folder);
    }
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var children = Files.list(folder)) {
      return children
          .filter(RunFolder::holdsRun)
          .sorted(Comparator.comparing(RunsCommand::started).thenComparing(Path::toString))
          .toList();
    } catch (IOException e) {
      throw new UserException("cannot list %s: %s".formatted(folder, e.getMessage()), e);
    }
  }

  private static String resolved(Path run) {
    try {
      return Files.readString(run.resolve("resolved.yaml"));
    } catch (IOException e) {
      throw new UserException("cannot read %s: %s".formatted(run, e.getMessage()), e);
    }
  }

  /// Absent in runs of versions that did not write it down.
  private static String recipe(Path run) {
    var file = run.resolve("provenance.json");
    return Files.exists(file) ? Json.readObject(file).path("recipe").asString("-") : "-";
  }

  /// The last folders of a long path tell models apart.
  private static String model(String yaml) {
    var matcher = MODEL.matcher(yaml);
    var name = matcher.find() ? matcher.group(1) : "-";
    while (name.length() > LONGEST && name.indexOf('/', 2) > 0) {
      name = "…" + name.substring(name.indexOf('/', 2));
    }
    return name;
  }

  private static String started(Path run) {
    var file = run.resolve("provenance.json");
    if (!Files.exists(file)) {
      return "-";
    }
    return Instant.parse(Json.readObject(file).path("started").asString())
        .atZone(ZoneId.systemDefault())
        .format(WHEN);
  }

  private static String state(Path run) {
    var file = run.resolve("provenance.json");
    return Files.exists(file) && Json.readObject(file).has("finished") ? "done" : "unfinished";
  }

  private static String either(MetricsLog log, String first, String second) {
    var value = last(log, first);
    return value.equals("-") ? last(log, second) : value;
  }

  private static String last(MetricsLog log, String name) {
    var value = log.last(name);
    return value.isPresent() ? String.format(Locale.ROOT, "%.4f", value.getAsDouble()) : "-";
  }
}
