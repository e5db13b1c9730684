package io.alidade.journal;

import java.util.List;
import java.util.SequencedMap;

/// Where a run reports what happens: to a person, to a folder, to both, or to nobody. Numbers come
/// under the names of `docs/metrics.md`. Called from one thread.
public interface Journal extends AutoCloseable {
  /// Training metrics since the last report.
  ///
  /// @param step optimiser steps done, from 1
  /// @param epoch passes over the data done, fractional
  /// @param metrics by name, such as `loss` and `rewards/accuracies`
  void log(long step, double epoch, SequencedMap<String, Double> metrics);

  /// Metrics on held-out data. Names get the prefix `eval_` where they lack it.
  ///
  /// @param step optimiser steps done; 0 before training
  /// @param epoch passes over the data done, fractional
  void evaluation(long step, double epoch, SequencedMap<String, Double> metrics);

  /// One line for the reader.
  void message(String line);

  /// How far a piece of work is; may be called as often as one likes.
  ///
  /// @param what is done, such as `train` or `evaluate`; a new name begins a new piece of work
  /// @param done units done
  /// @param total units in all, or 0 if unknown
  /// @param unit what is counted, such as `steps`
  /// @param shown a few numbers worth seeing beside the bar, such as `loss` and `accuracy`
  void progress(
      String what, long done, long total, String unit, SequencedMap<String, Double> shown);

  /// Ends the reports; nothing may follow.
  @Override
  void close();

  /// Nobody listens.
  static Journal silent() {
    return new Several(List.of());
  }

  /// Everybody of these listens, in order.
  static Journal of(Journal... journals) {
    return new Several(List.of(journals));
  }
}
