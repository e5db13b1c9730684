package io.alidade.cli;

import io.alidade.journal.Console;
import io.alidade.recipe.Plan;
import io.alidade.run.Prepared;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Writes what a recipe makes of rows before it learns from them.
@Command(
    name = "prepare",
    description = {
      "Write what the strategies of a recipe make of rows.",
      "",
      "The rows are JSON lines: to look at, to measure a judge on (evaluate --judge), or to train"
          + " on."
    })
final class PrepareCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "RECIPE", description = "A recipe with strategies, such as carm.")
  private String recipe = "";

  @Mixin private DataOptions data = new DataOptions("train");

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      required = true,
      description = "The model that training starts from, whose tokens strategies may read.")
  private String model = "";

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "JSON lines.")
  private Path out = Path.of("prepared.jsonl");

  @Option(
      names = "--set",
      paramLabel = "PATH=VALUE",
      description = "Changes a value of the recipe, such as strategies.0.Directed.degrees=30.")
  private Map<String, String> set = new LinkedHashMap<>();

  @Override
  public Integer call() {
    var all = new LinkedHashMap<>(set);
    all.put("model", model);
    var plan = Plan.load(recipe, "tiny", all);
    int rows;
    try (var console = Console.standard()) {
      rows = Prepared.write(plan, data.data(), data.split(), out, console);
    }
    spec.commandLine().getOut().printf("%s: %,d rows%n", out, rows);
    spec.commandLine().getOut().flush();
    return Main.OK;
  }
}
