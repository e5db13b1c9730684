package io.alidade.recipe;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;

/// Records as recipes see them: components under snake_case names, and slots among their types.
final class Components {
  private Components() {}

  /// The components of a record by the key that sets them, in order.
  static SequencedMap<String, RecordComponent> of(Class<?> type) {
    var components = new LinkedHashMap<String, RecordComponent>();
    for (var component : type.getRecordComponents()) {
      components.put(key(component.getName()), component);
    }
    return components;
  }

  /// `warmupSteps` as the file writes it: `warmup_steps`.
  static String key(String component) {
    return component.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
  }

  /// Whether components of this type are chosen by name: an interface of ours.
  static boolean isSlot(Type type) {
    return type instanceof Class<?> c && c.isInterface() && c.getName().startsWith("io.alidade.");
  }

  /// The argument of `Optional<…>`, `List<…>`, or the last of `Map<String, …>`.
  static Optional<Type> argument(Type type, Class<?> raw) {
    if (type instanceof ParameterizedType p && p.getRawType() == raw) {
      var arguments = p.getActualTypeArguments();
      return Optional.of(arguments[arguments.length - 1]);
    }
    return Optional.empty();
  }

  /// The type without its `Optional`.
  static Type present(Type type) {
    return argument(type, Optional.class).orElse(type);
  }

  /// How messages call a type.
  static String name(Type type) {
    if (type instanceof Class<?> c) {
      return c.isEnum() ? "one of " + constants(c) : c.getSimpleName();
    }
    var list = argument(type, List.class);
    if (list.isPresent()) {
      return "a list of " + name(list.get());
    }
    return argument(type, Optional.class).map(Components::name).orElse("a map");
  }

  /// The constants of an enum as a recipe writes them.
  static List<String> constants(Class<?> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(constant -> ((Enum<?>) constant).name().toLowerCase(Locale.ROOT))
        .toList();
  }
}
