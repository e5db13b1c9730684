package io.alidade.recipe;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;

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
    var folder = anchor.getPackageName().replace('.', '/');
    var names = new TreeSet<String>();
    try {
      var loader = anchor.getClassLoader();
      for (var url : loader.resources(folder).toList()) {
        names.addAll(fileNames(url, folder));
      }
      var classes = new ArrayList<Class<?>>();
      for (var name : names) {
        if (name.endsWith(".class") && !name.contains("$") && !name.endsWith("-info.class")) {
          var simple = name.substring(0, name.length() - ".class".length());
          classes.add(Class.forName(anchor.getPackageName() + "." + simple, false, loader));
        }
      }
      classes.sort(Comparator.comparing(Class::getSimpleName));
      return classes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("listed but not there: " + e.getMessage(), e);
    }
  }

  private static List<String> fileNames(URL url, String folder) throws IOException {
    return switch (url.getProtocol()) {
      case "file" -> {
        try (Stream<Path> files = Files.list(path(url))) {
          yield files.map(file -> file.getFileName().toString()).toList();
        }
      }
      case "jar" -> {
        var connection = (JarURLConnection) url.openConnection();
        var prefix = folder + "/";
        yield connection.getJarFile().stream()
            .map(entry -> entry.getName())
            .filter(name -> name.startsWith(prefix) && name.indexOf('/', prefix.length()) < 0)
            .map(name -> name.substring(prefix.length()))
            .toList();
      }
      default ->
          throw new IllegalStateException("cannot list the classes of " + url.getProtocol() + ":");
    };
  }

  private static Path path(URL url) {
    try {
      return Path.of(new URI(url.toString()));
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
