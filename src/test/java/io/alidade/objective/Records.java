package io.alidade.objective;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Finds the records that fill a slot, in the folder of the slot's interface, and makes instances
/// with random parameters in range: what the constructor refuses is drawn again.
final class Records {
  private Records() {}

  /// Every record of the interface's package that implements it, by name.
  static List<Class<?>> of(Class<?> slot) {
    var resource = Objects.requireNonNull(slot.getResource(slot.getSimpleName() + ".class"));
    var folder = Objects.requireNonNull(Path.of(URI.create(resource.toString())).getParent());
    try (var files = Files.list(folder)) {
      var found = new ArrayList<Class<?>>();
      for (var file : files.sorted().toList()) {
        var name = String.valueOf(file.getFileName());
        if (name.endsWith(".class") && !name.contains("$") && !name.contains("-")) {
          var type =
              Class.forName(slot.getPackageName() + "." + name.substring(0, name.length() - 6));
          if (type.isRecord() && slot.isAssignableFrom(type)) {
            found.add(type);
          }
        }
      }
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  /// An instance with random parameters.
  static Object draw(Class<?> type, RandomGenerator random) {
    return draw(type, random, 0);
  }

  private static Object draw(Class<?> type, RandomGenerator random, int depth) {
    IllegalArgumentException last = new IllegalArgumentException("no attempt");
    for (int attempt = 0; attempt < 2000; attempt++) {
      try {
        var components = type.getRecordComponents();
        var types =
            Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        var values = new Object[components.length];
        for (int i = 0; i < values.length; i++) {
          values[i] = value(components[i].getName(), components[i].getGenericType(), random, depth);
        }
        var constructor = type.getDeclaredConstructor(types);
        constructor.setAccessible(true);
        return constructor.newInstance(values);
      } catch (InvocationTargetException e) {
        if (e.getCause() instanceof IllegalArgumentException refused) {
          last = refused;
        } else {
          throw new IllegalStateException(e.getCause());
        }
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    throw new IllegalStateException("no parameters for " + type.getSimpleName(), last);
  }

  private static Object value(String name, Type type, RandomGenerator random, int depth) {
    if (type == double.class || type == Double.class) {
      return switch (random.nextInt(4)) {
        case 0 -> random.nextDouble(0.01, 0.5);
        case 1 -> random.nextDouble(0.5, 1);
        case 2 -> random.nextDouble(1, 3);
        default -> random.nextDouble(0.05, 0.2);
      };
    }
    if (type == int.class || type == long.class) {
      return random.nextInt(1, 6);
    }
    if (type == boolean.class) {
      return random.nextBoolean();
    }
    if (type == String.class) {
      return name + random.nextInt(1000);
    }
    if (type instanceof ParameterizedType generic) {
      var inner = generic.getActualTypeArguments();
      if (generic.getRawType() == List.class) {
        return List.of(
            value(name, inner[0], random, depth + 1), value(name, inner[0], random, depth + 1));
      }
      if (generic.getRawType() == Optional.class) {
        return random.nextBoolean()
            ? Optional.of(value(name, inner[0], random, depth + 1))
            : Optional.empty();
      }
      if (generic.getRawType() == Map.class) {
        return Map.of(name + random.nextInt(1000), value(name, inner[1], random, depth + 1));
      }
    }
    if (type instanceof Class<?> slot) {
      if (slot.isEnum()) {
        return slot.getEnumConstants()[random.nextInt(slot.getEnumConstants().length)];
      }
      if (slot.isRecord()) {
        return draw(slot, random, depth + 1);
      }
      if (slot.isInterface()) {
        var choices = of(slot).stream().filter(c -> depth < 1 || !nests(c, slot)).toList();
        return draw(choices.get(random.nextInt(choices.size())), random, depth + 1);
      }
    }
    throw new IllegalStateException("no random value for " + type + " " + name);
  }

  /// Whether a record holds others of its own kind, directly or in a list.
  private static boolean nests(Class<?> type, Class<?> slot) {
    return Arrays.stream(type.getRecordComponents())
        .anyMatch(c ->
            c.getType() == slot
                || c.getType() == List.class
                || (c.getType().isRecord() && nests(c.getType(), slot)));
  }
}
