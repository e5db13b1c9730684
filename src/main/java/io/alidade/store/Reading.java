package io.alidade.store;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// What to say when a file cannot be read.
final class Reading {
  private Reading() {}

  /// One line about why `file` could not be read.
  static UserException failed(Path file, IOException failure) {
    var why =
        switch (failure) {
          case NoSuchFileException _ -> "no such file" + similar(file);
          case AccessDeniedException _ -> "permission denied; make it readable";
          default ->
              Files.isDirectory(file)
                  ? "is a folder, a file is needed"
                  : "cannot be read: " + Shown.firstLine(failure);
        };
    return new UserException(file + ": " + why, failure);
  }

  /// `; did you mean 'NAME'?` where the folder holds a similar name, or how far the path exists.
  static String similar(Path path) {
    var absolute = path.toAbsolutePath().normalize();
    var parent = absolute.getParent();
    var name = absolute.getFileName();
    if (parent == null || name == null) {
      return "";
    }
    if (!Files.isDirectory(parent)) {
      return "; its folder " + parent + " does not exist either";
    }
    try (var children = Files.list(parent)) {
      var names = children.map(child -> child.getFileName().toString()).sorted().toList();
      return Shown.nearest(name.toString(), names)
          .map(near -> "; did you mean '" + near + "'?")
          .orElse("");
    } catch (IOException unreadable) {
      return "";
    }
  }
}
