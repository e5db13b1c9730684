package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.journal.Console;
import io.alidade.journal.RunFolder;
import io.alidade.recipe.Plan;
import io.alidade.run.TrainingRun;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Trains a model as a recipe says.
@Command(
    name = "train",
    description = "Train a model: a checkpoint and preferences in, a better checkpoint out.",
    footer = {
      "",
      "Example:",
      "  ./alidade train dpo --model MODEL --data pairs.jsonl --set objective.Dpo.beta=0.2",
      "",
      "A run that was stopped goes on where its last checkpoint stands: the same command and",
      "--resume."
    })
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "RECIPE", description = "Name or file of a recipe (see `list`).")
  private String recipe = "";

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "Checkpoint to start from: a folder, or a name on the hub (org/name).")
  private @Nullable String model;

  @Option(
      names = "--data",
      paramLabel = "DATA",
      description = "Rows to learn from: a file, a folder, or a name on the hub.")
  private @Nullable String data;

  @Option(
      names = "--eval-data",
      paramLabel = "DATA",
      description = "Held-out rows (default: a share of DATA, eval_fraction).")
  private @Nullable String evalData;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the run (default: runs/RECIPE-DATE).")
  private @Nullable Path out;

  @Option(
      names = "--scale",
      paramLabel = "SCALE",
      defaultValue = "tiny",
      description = "Name or file of a scale (default: ${DEFAULT-VALUE}).")
  private String scale = "tiny";

  @Option(
      names = "--set",
      paramLabel = "PATH=VALUE",
      description = "Replace a value of recipe or scale, such as max_steps=100.")
  private LinkedHashMap<String, String> overrides = new LinkedHashMap<>();

  @Option(names = "--resume", description = "Continue the run in DIR, or the latest unfinished.")
  private boolean resume;

  @Override
  public Integer call() {
    var settings = new LinkedHashMap<>(overrides);
    put(settings, "model", model);
    put(settings, "data", data);
    put(settings, "eval_data", evalData);
    var plan = Plan.load(recipe, scale, settings);
    var folder = folder(plan);
    try (var console = Console.standard()) {
      console.message("run folder: " + folder);
      var trained =
          TrainingRun.run(
              plan, folder, resume, cache().resolve("reference"), console, command(spec));
      console.message("model: " + trained);
      console.message("report: " + folder.resolve("report.html"));
    }
    return Main.OK;
  }

  static void put(java.util.Map<String, String> settings, String key, @Nullable String value) {
    if (value != null) {
      settings.put(key, value);
    }
  }

  private Path folder(Plan plan) {
    if (out != null) {
      return out;
    }
    var runs = Path.of("runs");
    if (resume) {
      return RunFolder.latestUnfinished(runs, plan.name())
          .orElseThrow(() ->
              new UserException(
                  "nothing to resume: no unfinished run of '%s' in %s; give --out"
                      .formatted(plan.name(), runs)));
    }
    return RunFolder.fresh(runs, plan.name(), LocalDateTime.now(java.time.ZoneId.systemDefault()));
  }

  /// Where things are kept between runs: likelihoods of references, mined jars.
  static Path cache() {
    var home =
        Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
            .filter(text -> !text.isEmpty())
            .map(Path::of)
            .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"));
    return home.resolve("alidade");
  }

  /// The words of the command line.
  static List<String> command(CommandSpec spec) {
    var words = new java.util.ArrayList<String>();
    words.add("alidade");
    var parsed = spec.commandLine().getParent();
    if (parsed != null) {
      words.addAll(parsed.getParseResult().originalArgs());
    }
    return words;
  }
}
