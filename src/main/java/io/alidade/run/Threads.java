package io.alidade.run;

import io.alidade.recipe.Scale;
import io.alidade.store.WeightFiles;
import java.nio.file.Path;

/// How many threads a pass through a model takes.
final class Threads {
  /// Weights below which one thread is fastest: 8 MiB of them in float32, whatever the file holds.
  private static final long SMALL_MODEL = 2L << 20;

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
      return small(weights) ? 1 : Runtime.getRuntime().availableProcessors();
    }
  }

  static boolean small(WeightFiles files) {
    long weights = 0;
    for (var name : files.names()) {
      var entry = files.entry(name);
      weights += entry.size() / entry.dtype().bytes();
    }
    return weights < SMALL_MODEL;
  }
}
