package io.alidade.cli;

import io.alidade.recipe.Catalogue;
import io.alidade.recipe.Plan;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// Lists what a recipe can name.
@Command(name = "list", description = "List every recipe and component, with its paper.")
final class ListCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    var out = spec.commandLine().getOut();
    for (var slot : Catalogue.slots()) {
      out.println(slot.name() + "  " + slot.summary());
      for (var component : slot.components()) {
        var parameters =
            component.parameters().isEmpty()
                ? ""
                : " {" + String.join(", ", component.parameters()) + "}";
        out.println("  " + component.name() + parameters);
        out.println("      " + component.summary());
        if (!component.papers().isEmpty()) {
          out.println("      " + String.join(", ", component.papers()));
        }
      }
      out.println();
    }
    out.println("Recipes  What papers say: './alidade train NAME'.");
    var recipes = new Table("  name", "title", "paper");
    for (var name : Plan.recipes()) {
      var paper = Plan.paper(name);
      recipes.row("  " + name, paper.title(), paper.arxiv().map(id -> "arXiv:" + id).orElse(""));
    }
    recipes.print(out);
    out.println();
    out.println("Scales  What machines afford: '--scale NAME'.");
    Plan.scales().forEach(name -> out.println("  " + name));
    out.flush();
    return Main.OK;
  }
}
