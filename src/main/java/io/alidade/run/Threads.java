package io.alidade.run;

import io.alidade.recipe.Scale;
import io.alidade.store.WeightFiles;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// How many threads a pass through a model takes.
final class Threads {
  /// Weights below which one thread is fastest: 8 MiB of them in float32, whatever the file holds.
  private static final long SMALL_MODEL = 2L << 20;

  private Threads() {}

  /// Threads of a pass through a model.
  static int of(Scale scale, Path model) {
    return of(
        scale.threads(),
        Optional.ofNullable(System.getenv("OMP_NUM_THREADS")),
        Runtime.getRuntime().availableProcessors(),
        () -> {
          try (var weights = WeightFiles.open(model)) {
            return small(weights);
          }
        });
  }

  /// What the scale says, else what the environment says, else one for a model so small that
  /// threads spend more time meeting than working, and one a processor for others.
  ///
  /// Processors are those that Java may use: a container's quota and a process's affinity count,
  /// and two threads of one core count as two, since on machines that are shared nothing tells them
  /// from two cores, and where they were measured (two processors of an EPYC) the second one gave
  /// 1.8 times the steps. How many of them find work is decided pass by pass, by its tokens
  /// ([io.alidade.model.Policy]).
  ///
  /// @param asked by the scale; 0 leaves it open
  /// @param environment `OMP_NUM_THREADS`; what is no number from 1 to 9999 says nothing
  /// @param processors at least 1
  static int of(int asked, Optional<String> environment, int processors, BooleanSupplier small) {
    if (asked > 0) {
      return asked;
    }
    return environment
        .filter(text -> text.matches("[1-9]\\d{0,3}"))
        .map(Integer::parseInt)
        .orElseGet(() -> small.getAsBoolean() ? 1 : processors);
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
