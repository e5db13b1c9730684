package io.alidade.recipe;

import io.alidade.Default;
import io.alidade.UserException;
import java.lang.invoke.MethodType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.Pattern;

/// Makes records out of YAML.
///
/// A key is the snake_case name of a component. A component whose type is an interface is a slot:
/// `Name: {…}`, or `Name` alone, is the record `Name` in that interface's own package. A component
/// without a value is an error unless it is `Optional` or has a [Default]. Range checks belong to
/// compact constructors; their messages come back with the path and the place.
public final class Binder {
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?");
  private static final Pattern INTEGER = Pattern.compile("[-+]?\\d+");

  private Binder() {}

  /// Binds a record.
  ///
  /// @param path what messages call the root, such as `recipe`
  /// @throws UserException naming path, value and place
  public static <T extends Record> T bind(Class<T> type, Node node, String path) {
    return type.cast(record(type, node, path));
  }

  private static Object value(Type type, Node node, String path) {
    var optional = Components.argument(type, Optional.class);
    if (optional.isPresent()) {
      return isNull(node) ? Optional.empty() : Optional.of(value(optional.get(), node, path));
    }
    var list = Components.argument(type, List.class);
    if (list.isPresent()) {
      return list(list.get(), node, path);
    }
    var map = Components.argument(type, Map.class).or(() -> sequenced(type));
    if (map.isPresent()) {
      var bound = new LinkedHashMap<String, Object>();
      node.mapping(path)
          .entries()
          .forEach((key, item) -> bound.put(key, value(map.get(), item, path + "." + key)));
      return Collections.unmodifiableSequencedMap(bound);
    }
    if (!(type instanceof Class<?> c)) {
      throw new IllegalStateException(path + ": cannot bind " + type);
    }
    if (Components.isSlot(c)) {
      return slot(c, node, path);
    }
    return c.isRecord() ? record(c, node, path) : scalar(unboxed(c), node, path);
  }

  private static Class<?> unboxed(Class<?> type) {
    return MethodType.methodType(type).unwrap().returnType();
  }

  private static Optional<Type> sequenced(Type type) {
    return Components.argument(type, SequencedMap.class);
  }

  private static Object list(Type item, Node node, String path) {
    if (!(node instanceof Node.Sequence sequence)) {
      throw wrong(path, "a list", node);
    }
    var bound = new ArrayList<Object>();
    for (int i = 0; i < sequence.items().size(); i++) {
      bound.add(value(item, sequence.items().get(i), path + "." + i));
    }
    return List.copyOf(bound);
  }

  private static Object slot(Class<?> slot, Node node, String path) {
    return switch (node) {
      case Node.Scalar scalar when !scalar.isNull() ->
          record(
              component(slot, scalar.text(), node, path),
              new Node.Mapping(new LinkedHashMap<>(), node.place()),
              path + "." + scalar.text());
      case Node.Mapping(var entries, var place) when entries.size() == 1 -> {
        var entry = entries.firstEntry();
        var parameters =
            isNull(entry.getValue())
                ? new Node.Mapping(new LinkedHashMap<>(), place)
                : entry.getValue();
        yield record(
            component(slot, entry.getKey(), node, path), parameters, path + "." + entry.getKey());
      }
      default -> throw wrong(path, "one %s, as 'Name: {…}'".formatted(slot.getSimpleName()), node);
    };
  }

  /// The record of that name which fills the slot.
  static Class<?> component(Class<?> slot, String name, Node node, String path) {
    if (name.matches("[A-Z][A-Za-z0-9]*")) {
      try {
        var type = Class.forName(slot.getPackageName() + "." + name, false, slot.getClassLoader());
        if (type.isRecord() && slot.isAssignableFrom(type)) {
          return type;
        }
      } catch (ClassNotFoundException | NoClassDefFoundError _) {
        // Reported below with the names that exist; a wrong case on a case-blind disk is the
        // latter.
      }
    }
    var known = Slots.names(slot);
    throw new UserException(
        "%s: no %s named '%s'%s (%s)"
            .formatted(
                path, slot.getSimpleName(), name, Nearest.instead(name, known), node.place()));
  }

  private static Object record(Class<?> type, Node node, String path) {
    var mapping = node.mapping(path);
    var components = Components.of(type);
    var unknown = new LinkedHashSet<>(mapping.entries().keySet());
    unknown.removeAll(components.keySet());
    if (!unknown.isEmpty()) {
      var first = unknown.getFirst();
      throw new UserException(
          "%s: unknown %s; %s has %s%s (%s)"
              .formatted(
                  path,
                  unknown,
                  type.getSimpleName(),
                  components.keySet(),
                  Nearest.hint(first, components.keySet()),
                  Optional.ofNullable(mapping.entries().get(first)).orElse(node).place()));
    }
    var types = new Class<?>[components.size()];
    var values = new Object[components.size()];
    int i = 0;
    for (var entry : components.entrySet()) {
      var component = entry.getValue();
      types[i] = component.getType();
      values[i++] = component(type, component, entry.getKey(), mapping, path);
    }
    try {
      var constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException
          || e.getCause() instanceof UserException) {
        throw new UserException(
            "%s: %s (%s)".formatted(path, spelled(e.getCause(), components), node.place()),
            e.getCause());
      }
      throw new IllegalStateException(path + ": " + e.getCause(), e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(path + ": " + e, e);
    }
  }

  /// What a constructor said, with the component called as the file calls it.
  private static String spelled(
      Throwable failure, SequencedMap<String, RecordComponent> components) {
    var message = String.valueOf(failure.getMessage());
    for (var entry : components.entrySet()) {
      var name = entry.getValue().getName();
      if (message.startsWith(name + " ")) {
        return entry.getKey() + message.substring(name.length());
      }
    }
    return message;
  }

  private static Object component(
      Class<?> type, RecordComponent component, String key, Node.Mapping mapping, String path) {
    var node = mapping.entries().get(key);
    boolean optional = Components.argument(component.getGenericType(), Optional.class).isPresent();
    if (node == null || (isNull(node) && !optional)) {
      var fallback = component.getAnnotation(Default.class);
      if (fallback != null) {
        node = Yaml.parse("default of " + type.getSimpleName() + "." + key, fallback.value());
      } else if (optional) {
        return Optional.empty();
      } else {
        throw new UserException(
            "%s: missing '%s' (%s) (%s)"
                .formatted(path, key, wanted(component.getGenericType()), mapping.place()));
      }
    }
    return value(component.getGenericType(), node, path + "." + key);
  }

  private static String wanted(Type type) {
    return Components.isSlot(type)
        ? "a %s: one of %s"
            .formatted(((Class<?>) type).getSimpleName(), Slots.names((Class<?>) type))
        : Components.name(type);
  }

  private static Object scalar(Class<?> type, Node node, String path) {
    if (!(node instanceof Node.Scalar scalar) || scalar.isNull()) {
      throw wrong(path, Components.name(type), node);
    }
    var text = scalar.text();
    if (type == String.class) {
      return text;
    }
    if (type == Path.class) {
      return Path.of(text);
    }
    if (scalar.quoted() && !type.isEnum()) {
      throw wrong(path, type.getSimpleName(), node);
    }
    try {
      if (type == double.class && NUMBER.matcher(text).matches()) {
        return single(Double.parseDouble(text), text, path, node);
      } else if (type == int.class && INTEGER.matcher(text).matches()) {
        return Integer.parseInt(text);
      } else if (type == long.class && INTEGER.matcher(text).matches()) {
        return Long.parseLong(text);
      }
    } catch (NumberFormatException _) {
      throw new UserException(
          "%s: %s is too large for %s (%s)".formatted(path, text, type, node.place()));
    }
    if (type == boolean.class && (text.equals("true") || text.equals("false"))) {
      return text.equals("true");
    }
    if (type.isEnum()) {
      for (var constant : type.getEnumConstants()) {
        if (((Enum<?>) constant).name().toLowerCase(Locale.ROOT).equals(text)) {
          return constant;
        }
      }
      var known = Components.constants(type);
      throw new UserException(
          "%s: wanted one of %s, got %s%s (%s)"
              .formatted(path, known, text, Nearest.hint(text, known), node.place()));
    }
    throw wrong(path, type == boolean.class ? "true or false" : type.getSimpleName(), node);
  }

  /// A number that single precision, which most of it is computed in, can hold.
  private static double single(double value, String text, String path, Node node) {
    if (Math.abs(value) > Float.MAX_VALUE) {
      throw new UserException(
          "%s: %s is out of range; single precision holds -3.4e38 to 3.4e38 (%s)"
              .formatted(path, text, node.place()));
    }
    return value;
  }

  private static UserException wrong(String path, String wanted, Node node) {
    return new UserException(
        "%s: wanted %s, got %s (%s)".formatted(path, wanted, node.shown(), node.place()));
  }

  private static boolean isNull(Node node) {
    return node instanceof Node.Scalar scalar && scalar.isNull();
  }
}
