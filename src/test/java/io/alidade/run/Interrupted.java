package io.alidade.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Runs as a killed process leaves them.
final class Interrupted {
  private Interrupted() {}

  /// A copy of a finished run as if the process had been killed when the checkpoint after some
  /// steps was the last: no later checkpoint, no model.
  static Path after(int steps, Path whole, Path cut) throws IOException {
    try (var files = Files.walk(whole)) {
      for (var file : files.toList()) {
        var at = whole.relativize(file);
        if (at.startsWith("model") || at.startsWith("critic") || later(at, steps)) {
          continue;
        }
        if (Files.isDirectory(file)) {
          Files.createDirectories(cut.resolve(at));
        } else {
          Files.copy(file, cut.resolve(at));
        }
      }
    }
    return cut;
  }

  private static boolean later(Path at, int steps) {
    return at.getNameCount() > 1
        && at.startsWith("checkpoints")
        && Integer.parseInt(at.getName(1).toString().replace("checkpoint-", "")) > steps;
  }

  /// The lines of a run's metrics, but for the clock.
  static List<String> metrics(Path run) throws IOException {
    return Files.readString(run.resolve("metrics.jsonl"))
        .lines()
        .map(line -> line.replaceAll("\"seconds\":[^,}]*", "\"seconds\":0"))
        .toList();
  }
}
