package io.alidade.recipe;

import java.util.ArrayList;
import java.util.List;

/// Which components exist: the classes of a package, found where the class path has them. A slot is
/// an interface, and the records of its own package that implement it fill it; nothing is
/// registered.
public final class Slots {
  private Slots() {}

  /// The records that fill a slot, by name.
  ///
  /// @param slot an interface
  public static <T> List<Class<? extends T>> of(Class<T> slot) {
    var found = new ArrayList<Class<? extends T>>();
    for (var type : classes(slot)) {
      if (type.isRecord() && slot.isAssignableFrom(type)) {
        found.add(type.asSubclass(slot));
      }
    }
    return List.copyOf(found);
  }

  /// The names by which a slot's records are called in a recipe.
  public static List<String> names(Class<?> slot) {
    return of(slot).stream().map(Class::getSimpleName).toList();
  }

  /// The top-level classes of the package of `anchor`, by name, not initialised.
  public static List<Class<?>> classes(Class<?> anchor) {
    var classes = new ArrayList<Class<?>>();
    for (var file : ClassPath.list(anchor.getPackageName().replace('.', '/'))) {
      if (file.endsWith(".class") && !file.contains("$") && !file.endsWith("-info.class")) {
        var name = anchor.getPackageName() + "." + file.substring(0, file.length() - 6);
        try {
          classes.add(Class.forName(name, false, anchor.getClassLoader()));
        } catch (ClassNotFoundException e) {
          throw new IllegalStateException("listed but not there: " + name, e);
        }
      }
    }
    return classes;
  }
}
