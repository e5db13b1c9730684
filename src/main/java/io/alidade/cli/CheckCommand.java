package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.recipe.Plan;
import io.alidade.recipe.Wiring;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Binds recipes and checks that their parts fit, without reading a model or data.
@Command(name = "check", description = "Check recipes: that they bind and their parts fit.")
final class CheckCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "RECIPE",
      arity = "0..*",
      description = "Names or files of recipes (default: all).")
  private List<String> recipes = List.of();

  @Option(
      names = "--scale",
      paramLabel = "SCALE",
      defaultValue = "tiny",
      description = "Name or file of a scale (default: ${DEFAULT-VALUE}).")
  private String scale = "tiny";

  @Option(
      names = "--set",
      paramLabel = "PATH=VALUE",
      description = "Replace a value of recipe or scale, such as objective.Dpo.beta=0.2.")
  private LinkedHashMap<String, String> overrides = new LinkedHashMap<>();

  @Override
  public Integer call() {
    var out = spec.commandLine().getOut();
    var err = spec.commandLine().getErr();
    int bad = 0;
    var names = recipes.isEmpty() ? Plan.recipes() : recipes;
    for (var name : names) {
      try {
        var plan = Plan.load(name, scale, overrides);
        Wiring.check(plan);
        out.println("ok  " + name);
      } catch (UserException e) {
        bad++;
        err.println("bad " + name + ": " + e.getMessage());
      }
    }
    out.flush();
    err.flush();
    return bad == 0 ? Main.OK : Main.BAD_INPUT;
  }
}
