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
      Paragraph.print(out, slot.name() + "  ", slot.summary());
      for (var component : slot.components()) {
        var parameters =
            component.parameters().isEmpty()
                ? ""
                : " {" + String.join(", ", component.parameters()) + "}";
        Paragraph.print(out, "  ", 10, component.name() + parameters);
        Paragraph.print(out, "      ", component.summary());
        if (!component.papers().isEmpty()) {
          Paragraph.print(out, "      ", String.join(", ", component.papers()));
        }
      }
      out.println();
    }
    out.println("Recipes  What papers say: './alidade train NAME'.");
    int longest = Plan.recipes().stream().mapToInt(String::length).max().orElse(0);
    for (var name : Plan.recipes()) {
      var paper = Plan.paper(name);
      Paragraph.print(
          out,
          "  " + name + " ".repeat(longest + 2 - name.length()),
          paper.title() + paper.arxiv().map(id -> ", arXiv:" + id).orElse(""));
    }
    out.println();
    out.println("Scales  What machines afford: '--scale NAME'.");
    Plan.scales().forEach(name -> out.println("  " + name));
    out.println();
    out.println("'./alidade explain NAME' shows what an objective or a recipe computes.");
    out.flush();
    return Main.OK;
  }
}
