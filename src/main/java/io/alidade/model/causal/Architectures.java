package io.alidade.model.causal;

import io.alidade.UserException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Finds the family of a checkpoint: `model_type: gemma3_text` is the class `Gemma3Text` of this
/// package. Nothing is registered.
public final class Architectures {
  private Architectures() {}

  /// The family that a configuration names.
  ///
  /// @throws UserException if there is none, with those there are
  public static Architecture of(ModelConfig config) {
    var type = config.modelType();
    var found = type.matches("[a-z0-9_]+") ? load(className(type)) : null;
    if (found == null) {
      throw config.bad(
          "model_type", "is '%s', which is not supported; known: %s".formatted(type, known()));
    }
    try {
      return found.getDeclaredConstructor(ModelConfig.class).newInstance(config);
    } catch (InvocationTargetException failure) {
      if (failure.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(failure);
    } catch (ReflectiveOperationException failure) {
      throw new IllegalStateException(found + " needs a constructor of a ModelConfig", failure);
    }
  }

  /// The `model_type` of every family of this package, sorted.
  public static List<String> known() {
    return classNames()
        .filter(name -> load(name) != null)
        .map(name -> name.replaceAll("(?<=.)([A-Z])", "_$1").toLowerCase(Locale.ROOT))
        .sorted()
        .toList();
  }

  private static String className(String type) {
    return Stream.of(type.split("_"))
        .filter(part -> !part.isEmpty())
        .map(part -> part.substring(0, 1).toUpperCase(Locale.ROOT) + part.substring(1))
        .collect(Collectors.joining());
  }

  private static @Nullable Class<? extends Architecture> load(String name) {
    try {
      var found = Class.forName(Architectures.class.getPackageName() + "." + name);
      return Architecture.class.isAssignableFrom(found) && !found.isInterface()
          ? found.asSubclass(Architecture.class)
          : null;
    } catch (ClassNotFoundException | NoClassDefFoundError absent) {
      return null; // the latter where names differ in case only
    }
  }

  /// Simple names of the top-level classes of this package, from a folder or a jar.
  private static Stream<String> classNames() {
    var folder = Architectures.class.getPackageName().replace('.', '/') + "/";
    try {
      var code =
          Path.of(Architectures.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      List<String> files;
      if (Files.isDirectory(code)) {
        try (var list = Files.list(code.resolve(folder))) {
          files = list.map(file -> folder + file.getFileName()).toList();
        }
      } else {
        try (var jar = new JarFile(code.toFile())) {
          files = jar.stream().map(entry -> entry.getName()).toList();
        }
      }
      return files.stream()
          .filter(file -> file.startsWith(folder) && file.endsWith(".class"))
          .map(file -> file.substring(folder.length(), file.length() - ".class".length()))
          .filter(name -> name.matches("[A-Za-z0-9]+"));
    } catch (IOException | URISyntaxException failure) {
      throw new UserException("cannot list the supported models: " + failure.getMessage(), failure);
    }
  }
}
