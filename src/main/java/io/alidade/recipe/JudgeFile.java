package io.alidade.recipe;

import io.alidade.UserException;
import io.alidade.judge.Judge;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A judge in YAML, as a file or as it is: `ExactAnswer: {column: answer, find: any, tolerance:
/// 0}`.
///
/// @param judge what it names
public record JudgeFile(Judge judge) {
  /// Reads a judge.
  ///
  /// @param text a file's name, or YAML
  /// @throws UserException naming what does not bind
  public static Judge read(String text) {
    boolean yaml = text.contains(":") || text.contains("{");
    if (!yaml || Files.isRegularFile(path(text))) {
      try {
        return bind(text, Files.readString(path(text)));
      } catch (IOException failure) {
        throw new UserException(
            "%s: cannot be read; give a file with a judge, or YAML such as 'Length: {target: 80, scale: 10}'"
                .formatted(text),
            failure);
      }
    }
    return bind("judge", text);
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (java.nio.file.InvalidPathException noPath) {
      return Path.of("");
    }
  }

  private static Judge bind(String name, String text) {
    return Binder.bind(JudgeFile.class, Yaml.parse(name, "judge:\n" + text.indent(2)), name).judge;
  }
}
