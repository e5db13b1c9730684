package io.alidade.explain;

import io.alidade.UserException;
import io.alidade.objective.Objective;
import io.alidade.recipe.Binder;
import io.alidade.recipe.Nearest;
import io.alidade.recipe.Node;
import io.alidade.recipe.Overrides;
import io.alidade.recipe.Plan;
import io.alidade.recipe.Resolved;
import io.alidade.recipe.Slots;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/// An objective with its parameters, and the recipe that they come from.
///
/// @param name of the record
/// @param objective with every parameter set
/// @param recipe whose parameters these are but for what was set, if there is one
public record Subject(String name, Objective objective, Optional<String> recipe) {
  private static final String SLOT = "objective";

  private record Holder(Objective objective) {}

  /// Finds an objective by its name, or by that of a recipe.
  ///
  /// @param given such as `SimPo`, or a recipe such as `simpo`
  /// @param sets parameters to replace, such as `beta` or `divergence`
  /// @throws UserException if there is none, or a parameter is missing or out of range
  public static Subject of(String given, SequencedMap<String, String> sets) {
    var names = Slots.names(Objective.class);
    var recipes = Plan.recipes();
    if (!names.contains(given) && recipes.contains(given)) {
      return ofRecipe(given, sets);
    }
    var name =
        names.stream()
            .filter(known -> known.equals(given))
            .findFirst()
            .or(() -> names.stream().filter(known -> plain(known).equals(plain(given))).findFirst())
            .orElseThrow(() -> unknown(given, names, recipes));
    var recipe = recipe(name, recipes);
    return recipe.isPresent() ? ofRecipe(recipe.get(), sets) : alone(name, sets);
  }

  private static UserException unknown(String given, List<String> names, List<String> recipes) {
    var all = new ArrayList<>(names);
    all.addAll(recipes);
    return new UserException(
        "no objective and no recipe '%s'%s; './alidade list' names them all"
            .formatted(given, Nearest.hint(given, all)));
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[-_]", "");
  }

  /// The recipe that shows an objective: the one that bears its name, or the first.
  private static Optional<String> recipe(String name, List<String> recipes) {
    return recipes.stream()
        .sorted(Comparator.comparing(recipe -> !plain(recipe).equals(plain(name))))
        .filter(recipe -> load(recipe, new LinkedHashMap<>()).name().equals(name))
        .findFirst();
  }

  private static Subject ofRecipe(String recipe, SequencedMap<String, String> sets) {
    var name = load(recipe, new LinkedHashMap<>()).name();
    return load(recipe, paths(name, sets));
  }

  private static Subject load(String recipe, SequencedMap<String, String> paths) {
    var objective = Plan.load(recipe, "tiny", paths).recipe().objective();
    return new Subject(objective.getClass().getSimpleName(), objective, Optional.of(recipe));
  }

  private static SequencedMap<String, String> paths(
      String name, SequencedMap<String, String> sets) {
    var prefix = SLOT + "." + name + ".";
    var paths = new LinkedHashMap<String, String>();
    sets.forEach((key, value) -> paths.put(key.startsWith(prefix) ? key : prefix + key, value));
    return paths;
  }

  private static Subject alone(String name, SequencedMap<String, String> sets) {
    var bare = new LinkedHashMap<String, Node>();
    bare.put(SLOT, new Node.Scalar(name, false, "--set"));
    try {
      var objective = bound(new Node.Mapping(bare, "--set"), paths(name, sets));
      return new Subject(name, objective, Optional.empty());
    } catch (UserException e) {
      throw new UserException(
          e.getMessage() + "; no recipe has parameters for " + name + ", so --set each", e);
    }
  }

  private static Objective bound(Node.Mapping tree, Map<String, String> paths) {
    var changed = tree;
    for (var path : paths.entrySet()) {
      changed = Overrides.set(Holder.class, "explain", changed, path.getKey(), path.getValue());
    }
    return Binder.bind(Holder.class, changed, "explain").objective();
  }

  /// The objective with parameters replaced; numbers may be formulas over the present ones.
  static Objective changed(Objective objective, SequencedMap<String, String> sets) {
    var paths = new LinkedHashMap<String, String>();
    var numbers = numbers(objective);
    sets.forEach((key, text) -> paths.put(key, evaluated(text, numbers)));
    return bound(
        Resolved.of(new Holder(objective)), paths(objective.getClass().getSimpleName(), paths));
  }

  /// Another objective whose parameters are those of the same name here, but for what is set.
  static Objective other(String name, Objective from, SequencedMap<String, String> sets) {
    var own = Resolved.of((Record) from).entries();
    var type =
        Slots.of(Objective.class).stream()
            .filter(known -> known.getSimpleName().equals(name))
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("no objective " + name));
    var shared = new LinkedHashMap<String, Node>();
    for (var component : type.getRecordComponents()) {
      var key = key(component.getName());
      var node = own.get(key);
      if (node != null) {
        shared.put(key, node);
      }
    }
    var slot = new LinkedHashMap<String, Node>();
    slot.put(name, new Node.Mapping(shared, "shared"));
    var tree = new LinkedHashMap<String, Node>();
    tree.put(SLOT, new Node.Mapping(slot, "shared"));
    var numbers = numbers(from);
    var paths = new LinkedHashMap<String, String>();
    sets.forEach((key, text) -> paths.put(key, evaluated(text, numbers)));
    return bound(new Node.Mapping(tree, "shared"), paths(name, paths));
  }

  private static String evaluated(String text, Map<String, Double> numbers) {
    return Formula.ifFormula(text, Map.of()).isPresent() // a plain number stays as it is written
        ? text
        : Formula.ifFormula(text, numbers).map(String::valueOf).orElse(text);
  }

  /// The parameters that are numbers, by the key that sets them.
  static Map<String, Double> numbers(Objective objective) {
    var numbers = new TreeMap<String, Double>();
    Resolved.of((Record) objective)
        .entries()
        .forEach((key, node) -> {
          if (node instanceof Node.Scalar(var text, var quoted, _) && !quoted) {
            Formula.ifFormula(text.toLowerCase(Locale.ROOT), Map.of())
                .ifPresent(value -> numbers.put(key, value));
          }
        });
    numbers.put("tokens", (double) Sweep.TOKENS);
    return numbers;
  }

  /// The key that sets a component: `labelSmoothing` is `label_smoothing`.
  static String key(String component) {
    return component.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
  }
}
