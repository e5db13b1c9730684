package io.alidade.model.adapter;

import io.alidade.UserException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Which modules of a model an adapter reaches: the targets in the layers that are to be
/// transformed, less what is excluded (PEFT's `target_modules`, `layers_to_transform` and
/// `exclude_modules`).
final class Reach {
  /// `.layers.7.` in a name: the number of a layer.
  private static final Pattern LAYER = Pattern.compile(".*\\.[^.]*\\.(\\d+)\\..*");

  private Reach() {}

  /// The modules that an adapter reaches, in the order of the model.
  ///
  /// @param modules every module that can be adapted, by name
  /// @param usual what [Targets.Usual] stands for
  /// @throws UserException if it reaches none, or a name is nobody's
  static List<String> of(
      LoraSpec spec, SequencedMap<String, Lora.Module> modules, List<String> usual) {
    var names = modules.sequencedKeySet();
    var chosen =
        switch (spec.targets()) {
          case Targets.AllLinear _ ->
              modules.entrySet().stream()
                  .filter(entry -> entry.getValue().kind() == Lora.Kind.LINEAR)
                  .map(Map.Entry::getKey)
                  .toList();
          case Targets.Usual _ -> named(names, usual);
          case Targets.Names(var wanted) -> named(names, wanted);
          case Targets.Pattern pattern -> {
            var matching = names.stream().filter(pattern::matches).toList();
            if (matching.isEmpty()) {
              throw new UserException(
                  "target_modules: '%s' matches no linear module or embedding; they are named like %s"
                      .formatted(pattern.regex(), shown(names)));
            }
            yield matching;
          }
        };
    var reached = spec.layersToTransform().isEmpty() ? chosen : inLayers(chosen, spec);
    var left =
        reached.stream()
            .filter(name -> spec.excluded().stream().noneMatch(out -> out.matches(name)))
            .toList();
    if (left.isEmpty()) {
      throw new UserException(
          "exclude_modules: leaves none of the target modules %s".formatted(lastParts(reached)));
    }
    return left;
  }

  /// Refuses exclusions that concern no module. In a file of PEFT, which only warns, a name may
  /// belong to a part that is not read here; one that the user wrote is a slip if it is nobody's.
  static void excludesSomething(LoraSpec spec, Collection<String> modules) {
    var wanted =
        spec.excluded().stream()
            .flatMap(out ->
                out instanceof Targets.Names(var names)
                    ? names.stream().map(name -> (Targets.Chosen) new Targets.Names(List.of(name)))
                    : Stream.of(out));
    wanted
        .filter(out -> modules.stream().noneMatch(out::matches))
        .findFirst()
        .ifPresent(out -> {
          throw new UserException(
              "exclude_modules: %s is no linear module or embedding; there are %s"
                  .formatted(
                      switch (out) {
                        case Targets.Names(var names) -> "'" + names.getFirst() + "'";
                        case Targets.Pattern(var regex) -> "what '" + regex + "' matches";
                      },
                      lastParts(modules)));
        });
  }

  private static String shown(Collection<String> names) {
    return names.stream().filter(name -> LAYER.matcher(name).matches()).findFirst().orElse("");
  }

  private static List<String> inLayers(List<String> chosen, LoraSpec spec) {
    var there = new TreeSet<Integer>();
    var kept = new ArrayList<String>();
    for (var name : chosen) {
      var layer = LAYER.matcher(name);
      if (layer.matches()) {
        int number = Integer.parseInt(layer.group(1));
        there.add(number);
        if (spec.layersToTransform().contains(number)) {
          kept.add(name);
        }
      }
    }
    if (!there.containsAll(spec.layersToTransform())) {
      throw new UserException(
          "layers_to_transform: %s, but the targets are in layers %s"
              .formatted(spec.layersToTransform(), there));
    }
    return List.copyOf(kept);
  }

  private static List<String> named(Collection<String> modules, List<String> names) {
    for (var name : names) {
      if (modules.stream().noneMatch(module -> Targets.Names.is(module, name))) {
        throw new UserException(
            "target_modules: no linear module is named '%s'; there are %s"
                .formatted(name, lastParts(modules)));
      }
    }
    return modules.stream().filter(new Targets.Names(names)::matches).toList();
  }

  private static List<String> lastParts(Collection<String> modules) {
    return modules.stream()
        .map(name -> name.substring(name.lastIndexOf('.') + 1))
        .distinct()
        .sorted()
        .toList();
  }
}
