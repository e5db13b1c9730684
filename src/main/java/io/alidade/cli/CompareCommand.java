package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.journal.Console;
import io.alidade.run.Compared;
import io.alidade.run.Comparison;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Compares recipes on the same data, model and budget.
@Command(
    name = "compare",
    description =
        "Compare recipes: the same data, model, budget and reference for all, over several seeds.",
    footer = {
      "",
      "Example:",
      "  ./alidade compare dpo simpo ipo --model MODEL --data pairs.jsonl --seeds 3 --out runs/cmp",
      "",
      "Each recipe and seed is a run in a folder of its own. A comparison that was stopped goes on",
      "with the same command. What --set changes in a recipe must be there in all of them; a file",
      "(my.yaml) changes one."
    })
final class CompareCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "RECIPE",
      arity = "1..*",
      description = "Names or files of recipes (see `list`).")
  private List<String> recipes = new ArrayList<>();

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
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "3",
      description = "Runs of each recipe (default: ${DEFAULT-VALUE}).")
  private int seeds = 3;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "100",
      description = "Steps of each run, unless max_steps is set (default: ${DEFAULT-VALUE}).")
  private long steps = 100;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the comparison (default: runs/compare-RECIPES).")
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
      description = "Replace a value of all recipes or of the scale, such as max_steps=100.")
  private LinkedHashMap<String, String> overrides = new LinkedHashMap<>();

  @Override
  public Integer call() {
    if (seeds < 1 || steps < 1) {
      throw new UserException("--seeds and --steps must be at least 1");
    }
    var settings = new LinkedHashMap<>(overrides);
    TrainCommand.put(settings, "model", model);
    TrainCommand.put(settings, "data", data);
    TrainCommand.put(settings, "eval_data", evalData);
    var folder = out != null ? out : Path.of("runs", "compare-" + names());
    var comparison = Comparison.of(recipes, scale, settings, steps, seeds, folder);
    Compared compared;
    try (var console = Console.standard()) {
      console.message("comparison folder: " + folder);
      compared = comparison.run(console, TrainCommand.command(spec));
    }
    var writer = spec.commandLine().getOut();
    writer.println();
    print(compared.headings(), compared.rows(), writer);
    writer.println();
    print(Compared.axisHeadings(), compared.axes(), writer);
    writer.println();
    writer.println("page: " + folder.resolve("compare.html"));
    writer.println("numbers: " + folder.resolve("compare.json"));
    writer.flush();
    return Main.OK;
  }

  /// The recipes' names joined, without folders and endings.
  private String names() {
    return String.join(
        "-",
        recipes.stream()
            .map(recipe -> Path.of(recipe).getFileName().toString().replaceFirst("\\.ya?ml$", ""))
            .toList());
  }

  private static void print(
      List<String> headings, List<List<String>> rows, java.io.PrintWriter writer) {
    var table = new Table(headings.toArray(String[]::new));
    rows.forEach(row -> table.row(row.toArray(String[]::new)));
    table.print(writer);
  }
}
