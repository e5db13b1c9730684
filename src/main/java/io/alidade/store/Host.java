package io.alidade.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// This machine's name, found without asking a name server (which may take seconds to say no).
final class Host {
  private Host() {}

  /// Letters, digits and dots only; `localhost` where the machine has no name.
  static String name() {
    return Stream.of(
            System.getenv("HOSTNAME"),
            System.getenv("COMPUTERNAME"),
            firstLine(Path.of("/proc/sys/kernel/hostname")),
            firstLine(Path.of("/etc/hostname")))
        .map(name -> name == null ? "" : name.replaceAll("[^A-Za-z0-9.]", ""))
        .filter(name -> !name.isEmpty())
        .findFirst()
        .orElse("localhost");
  }

  private static @Nullable String firstLine(Path file) {
    try {
      return Files.isReadable(file) ? Files.readString(file).strip() : null;
    } catch (IOException unreadable) {
      return null;
    }
  }
}
