package io.alidade.run;

import io.alidade.recipe.Scale;
import io.alidade.store.WeightFiles;
import java.nio.file.Path;

/// How many threads a pass through a model takes.
final class Threads {
  /// Bytes of weights below which one thread is fastest.
  private static final long SMALL_MODEL = 8L << 20;

  private Threads() {}

  /// Threads of a pass: what the scale says, else what the environment says, else one for a model
  /// so small that threads spend more time meeting than working, and one a core for others.
  static int of(Scale scale, Path model) {
    if (scale.threads() > 0) {
      return scale.threads();
    }
    var asked = System.getenv("OMP_NUM_THREADS");
    if (asked != null && asked.matches("[1-9]\\d{0,3}")) {
      return Integer.parseInt(asked);
    }
    try (var weights = WeightFiles.open(model)) {
      long bytes = 0;
      for (var name : weights.names()) {
        bytes += weights.entry(name).size();
      }
      return bytes < SMALL_MODEL ? 1 : Runtime.getRuntime().availableProcessors();
    }
  }
}
