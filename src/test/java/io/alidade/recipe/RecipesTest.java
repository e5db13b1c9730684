package io.alidade.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.UserException;
import io.alidade.data.Strategy;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.objective.Objective;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What every recipe that comes with the program must be.
class RecipesTest {
  private static final Pattern NUMBER = Pattern.compile("^[^#]*: *\\{?[^#\"]*\\b\\d[^#]*$");

  @Test
  void everyRecipeBindsAndSaysWhereItStands() {
    var recipes = Plan.recipes();
    assertThat(recipes).hasSizeGreaterThanOrEqualTo(59);
    assertThat(recipes).allMatch(name -> name.matches("[a-z0-9]+(-[a-z0-9]+)*"), "kebab-case");
    for (var name : recipes) {
      var plan = Plan.load(name, "tiny", new LinkedHashMap<>());
      Wiring.check(plan);
      var recipe = plan.recipe();
      assertThat(recipe.paper().title()).as(name).isNotBlank();
      assertThat(recipe.claim()).as(name).isNotBlank().doesNotEndWith(".");
      var axes = recipe.axes();
      assertThat(List.of(axes.data(), axes.learning(), axes.constraint(), axes.model()))
          .as(name)
          .allMatch(axis -> !axis.isBlank());
    }
  }

  @Test
  void everyObjectiveHasARecipe() {
    var used = new TreeSet<String>();
    for (var name : Plan.recipes()) {
      var objective = Plan.load(name, "tiny", new LinkedHashMap<>()).recipe().objective();
      used.add(objective.getClass().getSimpleName());
    }
    assertThat(used).containsExactlyInAnyOrderElementsOf(Slots.names(Objective.class));
  }

  @Test
  void everyNumberHasItsSource() throws IOException {
    for (var name : Plan.recipes()) {
      var lines = Files.readAllLines(Path.of("recipes", name + ".yaml"));
      assertThat(lines.getFirst()).as(name).startsWith("# ");
      int from = lines.stream().map(line -> line.startsWith("objective:")).toList().indexOf(true);
      assertThat(lines.subList(from, lines.size()))
          .as("%s: numbers without a comment", name)
          .noneMatch(line -> NUMBER.matcher(line).matches());
    }
  }

  @Test
  void columnsThatTheDataMustCarryAreNamed() throws IOException {
    for (var name : Plan.recipes()) {
      var recipe = Plan.load(name, "tiny", new LinkedHashMap<>()).recipe();
      if (recipe.learning().draws().isPresent()) {
        continue; // what is drawn carries its signals
      }
      var needs = recipe.objective().needs();
      var made = made(recipe.strategies());
      var text = Files.readString(Path.of("recipes", name + ".yaml"));
      for (var signal : needs.signals()) {
        // A label is a column of labelled data in any case.
        if (!signal.name().equals("label") && !made.contains(signal)) {
          assertThat(text).as(name).contains("`" + signal.name() + "`");
        }
      }
    }
  }

  /// The signals that strategies make of rows that carry none.
  private static Set<Signal> made(List<Strategy> strategies) {
    var made = new HashSet<Signal>();
    for (var strategy : strategies) {
      for (var form : Form.values()) {
        try {
          made.addAll(
              strategy.outline(new Strategy.Outline("data", form, Set.of(), Set.of())).signals());
        } catch (UserException _) {
          // It takes rows of another form, or with columns that the recipe must name.
        }
      }
    }
    return made;
  }
}
