package io.alidade.study;

import io.alidade.UserException;
import io.alidade.recipe.Nearest;
import io.alidade.recipe.Slots;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/// Which studies there are: the records of this package, found as the parts of recipes are.
public final class Studies {
  private Studies() {}

  /// All studies by name, in order of their names.
  public static SequencedMap<String, Study> all() {
    var studies = new TreeMap<String, Study>();
    for (var type : Slots.of(Study.class)) {
      studies.put(name(type), made(type));
    }
    return studies;
  }

  /// The study of a name, or the one that covers a recipe of that name; of several, the one that
  /// names the recipe first.
  ///
  /// @return the study's own name
  /// @throws UserException if there is none
  public static String find(String written) {
    var studies = all();
    if (studies.containsKey(written)) {
      return written;
    }
    var covering =
        studies.entrySet().stream()
            .filter(entry -> entry.getValue().recipes().contains(written))
            .sorted(
                java.util.Comparator.comparingInt(
                    entry -> entry.getValue().recipes().indexOf(written)))
            .findFirst();
    if (covering.isPresent()) {
      return covering.get().getKey();
    }
    var known = new TreeSet<>(studies.keySet());
    studies.values().forEach(study -> known.addAll(study.recipes()));
    throw new UserException(
        "no study '%s'%s; './alidade study' lists them"
            .formatted(written, Nearest.hint(written, known)));
  }

  /// `RobustDpo` as the command line writes it: `robust-dpo`.
  static String name(Class<?> type) {
    return type.getSimpleName()
        .replaceAll("([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", "$1$3-$2")
        .toLowerCase(Locale.ROOT);
  }

  private static Study made(Class<? extends Study> type) {
    try {
      var constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      return constructor.newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " needs a constructor without parameters", e);
    }
  }
}
