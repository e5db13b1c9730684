package io.alidade.judge.code;

import io.alidade.UserException;
import io.alidade.store.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A folder for one process, removed with all it holds.
record Folder(Path path) implements AutoCloseable {
  static Folder create() {
    try {
      return new Folder(Files.createTempDirectory("alidade-code-"));
    } catch (IOException failure) {
      throw new UserException(
          "no temporary folder can be made in %s (%s); set ALIDADE_JAVA_OPTS=-Djava.io.tmpdir=DIR"
              .formatted(System.getProperty("java.io.tmpdir"), failure.getMessage()),
          failure);
    }
  }

  /// The first line that a process wrote to its error stream.
  String complaint() {
    try {
      var text = Files.readString(path.resolve("stderr"));
      return text.lines().filter(line -> !line.isBlank()).findFirst().orElse("no reason given");
    } catch (IOException none) {
      return "no reason given";
    }
  }

  @Override
  public void close() {
    try {
      AtomicFiles.delete(path);
    } catch (IOException failure) {
      // A process that is about to die may still write; the folder lies where such folders are
      // swept.
    }
  }
}
