package io.alidade.explain;

import io.alidade.Default;
import io.alidade.objective.Objective;
import io.alidade.recipe.Binder;
import io.alidade.recipe.ClassPath;
import io.alidade.recipe.Slots;
import io.alidade.recipe.Yaml;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What is worth showing of an objective beside its text: a resource `NAME.yaml` in this package.
/// An objective without one has a curve and no limits.
///
/// @param limits facts that are checked whenever they are shown
/// @param signals what a signal that the objective introduces holds in examples, by its name: one
///   number a row, a candidate, or a token, the last one repeated; 1 for a signal nobody declares
/// @param moving how many leading tokens of an answer carry the change of the curve; 0 for all
record Declared(
    @Default("[]") List<Limit> limits,
    @Default("{}") Map<String, List<Double>> signals,
    @Default("0") int moving) {
  private static final String FOLDER = "io/alidade/explain/";

  /// What is declared of an objective.
  static Declared of(String name) {
    var resource = FOLDER + name + ".yaml";
    return ClassPath.text(resource)
        .map(text -> Binder.bind(Declared.class, Yaml.parse(resource, text), name))
        .orElseGet(() -> new Declared(List.of(), Map.of(), 0));
  }

  /// The numbers of all signals that some objective declares, by name.
  static Map<String, List<Double>> allSignals() {
    var all = new LinkedHashMap<String, List<Double>>();
    Slots.names(Objective.class).forEach(name -> all.putAll(of(name).signals));
    return all;
  }
}
