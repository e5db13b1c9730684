package io.alidade.recipe;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/// Files beside the program's classes, in folders of classes and in jars alike.
public final class ClassPath {
  private ClassPath() {}

  /// Names of the files directly in a folder, in order.
  public static List<String> list(String folder) {
    var names = new TreeSet<String>();
    try {
      for (var url : ClassPath.class.getClassLoader().resources(folder).toList()) {
        names.addAll(list(url, folder));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return List.copyOf(names);
  }

  /// The text of a file, if there is one.
  public static Optional<String> text(String file) {
    try (InputStream in = ClassPath.class.getClassLoader().getResourceAsStream(file)) {
      return in == null
          ? Optional.empty()
          : Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> list(URL url, String folder) throws IOException {
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
      default -> throw new IllegalStateException("cannot list " + url);
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
