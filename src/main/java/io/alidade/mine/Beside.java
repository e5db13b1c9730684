package io.alidade.mine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// Writes a file beside its place and renames it, so that nobody sees half of it.
final class Beside {
  private Beside() {}

  /// Writes to the path that it is given.
  interface Writer {
    void write(Path temporary) throws IOException;
  }

  static void write(Path file, Writer writer) throws IOException {
    var folder = file.toAbsolutePath().getParent();
    var temporary = Files.createTempFile(folder, "." + file.getFileName() + ".", ".tmp");
    try {
      writer.write(temporary);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
