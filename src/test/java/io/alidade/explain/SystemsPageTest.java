package io.alidade.explain;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.recipe.Plan;
import io.alidade.recipe.Recipe;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Writes `docs/systems.md` from the recipes and the outcomes of their studies, and holds the file
/// to it: `-Dtest=SystemsPageTest -Dalidade.rewrite=true` writes it anew.
class SystemsPageTest {
  private static final Path PAGE = Path.of("docs", "systems.md");
  private static final Path STUDIES = Path.of("docs", "studies");

  @Test
  void thePageSaysWhatTheRecipesSay() throws IOException {
    var page = page();
    if (Boolean.getBoolean("alidade.rewrite")) {
      Files.writeString(PAGE, page);
    }
    assertThat(PAGE)
        .as("docs/systems.md is out of date; run with -Dalidade.rewrite=true")
        .hasContent(page);
  }

  private static String page() throws IOException {
    var recipes = new LinkedHashMap<String, Recipe>();
    for (var name : Plan.recipes()) {
      recipes.put(name, Plan.load(name, "tiny", new LinkedHashMap<>()).recipe());
    }
    var out = new StringBuilder();
    out.append(
        """
        # Systems

        What Alidade trains with: %d recipes, placed on the four axes of Xiao et al. (2024,
        arXiv:2410.15595). `./alidade train NAME` runs one, `./alidade explain NAME` shows its
        objective. This page is generated from `recipes/` and `docs/studies/`; a test holds it to them.

        """
            .formatted(recipes.size()));
    axis(out, "Data strategy", recipes, axes -> axes.data());
    axis(out, "Learning framework", recipes, axes -> axes.learning());
    axis(out, "Constraint mechanism", recipes, axes -> axes.constraint());
    axis(out, "Model property", recipes, axes -> axes.model());
    out.append("## Recipes\n\n| recipe | paper | objective | study |\n|---|---|---|---|\n");
    for (var entry : recipes.entrySet()) {
      out.append(
          "| %s | %s | `%s` | %s |\n"
              .formatted(
                  link(entry.getKey()),
                  paper(entry.getValue()),
                  entry.getValue().objective().getClass().getSimpleName(),
                  outcome(entry.getKey())));
    }
    out.append("\n## Claims\n\nWhat each recipe promises, so that a study can refute it.\n\n");
    recipes.forEach((name, recipe) -> out.append("- **%s** %s.\n".formatted(name, recipe.claim())));
    return out.toString();
  }

  private static void axis(
      StringBuilder out,
      String title,
      SequencedMap<String, Recipe> recipes,
      Function<Recipe.Axes, String> axis) {
    var places =
        recipes.entrySet().stream()
            .collect(
                Collectors.groupingBy(
                    e -> axis.apply(e.getValue().axes()),
                    TreeMap::new,
                    Collectors.mapping(e -> link(e.getKey()), Collectors.toList())));
    out.append("## ").append(title).append("\n\n");
    places.forEach(
        (place, names) -> out.append("- %s: %s\n".formatted(place, String.join(", ", names))));
    out.append('\n');
  }

  private static String link(String name) {
    return "[%s](../recipes/%s.yaml)".formatted(name, name);
  }

  private static String paper(Recipe recipe) {
    return recipe.paper().title()
        + recipe
            .paper()
            .arxiv()
            .map(id -> " ([arXiv:%s](https://arxiv.org/abs/%s))".formatted(id, id))
            .orElse("");
  }

  /// The outcomes that studies of the recipe wrote, each a link to its page.
  private static String outcome(String recipe) throws IOException {
    if (!Files.isDirectory(STUDIES)) {
      return "no study yet";
    }
    var links = new TreeSet<String>();
    try (var folders = Files.list(STUDIES)) {
      for (var folder : folders.toList()) {
        var file = folder.resolve("outcome.json");
        if (!Files.exists(file)) {
          continue; // a study at work
        }
        var json = Json.readObject(file);
        assertThat(json.path("outcome").isString()).as("%s has a text 'outcome'", file).isTrue();
        assertThat(json.path("recipes").isArray()).as("%s has a list 'recipes'", file).isTrue();
        for (var covered : json.path("recipes")) {
          assertThat(Plan.recipes()).as("%s", file).contains(covered.stringValue());
          if (covered.stringValue().equals(recipe)) {
            links.add(
                "[%s](studies/%s/)"
                    .formatted(json.path("outcome").stringValue(), folder.getFileName()));
          }
        }
      }
    }
    return links.isEmpty() ? "no study yet" : String.join("; ", links);
  }
}
