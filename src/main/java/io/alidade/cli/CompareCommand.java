package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.journal.Console;
import io.alidade.run.Compared;
import io.alidade.run.Comparison;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
      "  ./alidade compare dpo simpo ipo --model MODEL --data pairs.jsonl",
      "",
      "Each recipe and seed is a run in a folder of its own. A comparison that was stopped "
          + "goes on with the same command. What --set changes in a recipe must be there in all "
          + "of them; a file (my.yaml) changes one."
    })
final class CompareCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "RECIPE",
      arity = "1..*",
      description = "Names or files of recipes; './alidade list' has all.")
  private List<String> recipes = new ArrayList<>();

  @Mixin private PlanOptions plan = new PlanOptions();

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

  @Override
  public Integer call() {
    if (seeds < 1 || steps < 1) {
      throw new UserException("--seeds and --steps must be at least 1");
    }
    var folder = out != null ? out : Path.of("runs", "compare-" + names());
    var comparison = Comparison.of(recipes, plan.scale(), plan.settings(), steps, seeds, folder);
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
