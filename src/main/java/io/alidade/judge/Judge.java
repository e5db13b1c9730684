package io.alidade.judge;

import java.util.function.Consumer;

/// Who says which answer is better, as a recipe names it: a record of its parameters. What it holds
/// while it works (models, processes, connections) belongs to a [Sitting].
@FunctionalInterface
public interface Judge {
  /// Begins to judge.
  ///
  /// @param log told in one line of everything that could not be judged
  /// @throws io.alidade.UserException if it cannot: a missing model, a protection that the machine
  ///   does not offer
  Sitting open(Consumer<String> log);

  /// The same without anybody to tell.
  default Sitting open() {
    return open(_ -> {});
  }
}
