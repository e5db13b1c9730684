package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.journal.Console;
import io.alidade.journal.RunFolder;
import io.alidade.recipe.Plan;
import io.alidade.run.TrainingRun;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
      "  ./alidade train dpo --model MODEL --data pairs.jsonl --set max_steps=100",
      "",
      "A run that was stopped goes on where its last checkpoint stands: the same command "
          + "and --resume."
    })
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "RECIPE",
      description = "Name or file of a recipe; './alidade list' has all.")
  private String recipe = "";

  @Mixin private PlanOptions plan = new PlanOptions();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the run (default: runs/RECIPE-DATE).")
  private @Nullable Path out;

  @Option(names = "--resume", description = "Continue the run in DIR, or the latest unfinished.")
  private boolean resume;

  @Override
  public Integer call() {
    var loaded = Plan.load(recipe, plan.scale(), plan.settings());
    var folder = folder(loaded);
    try (var console = Console.standard()) {
      var trained =
          TrainingRun.run(
              loaded, folder, resume, cache().resolve("reference"), console, command(spec));
      console.message("model: " + trained);
      console.message("report: " + folder.resolve("report.html"));
    }
    return Main.OK;
  }

  private Path folder(Plan loaded) {
    if (out != null) {
      return out;
    }
    var runs = Path.of("runs");
    if (resume) {
      return RunFolder.latestUnfinished(runs, loaded.name())
          .orElseThrow(() ->
              new UserException(
                  "nothing to resume: no unfinished run of '%s' in %s; give --out"
                      .formatted(loaded.name(), runs)));
    }
    return RunFolder.fresh(
        runs, loaded.name(), LocalDateTime.now(java.time.ZoneId.systemDefault()));
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
