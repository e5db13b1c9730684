package io.alidade.learning;

import java.util.SequencedMap;

/// Told what happens in a session, in numbers. Metrics have the names of `docs/metrics.md`.
public interface Watcher {
  /// A step that is to be logged.
  ///
  /// @param step steps done, from 1
  /// @param epoch passes over the data done, fractional
  /// @param metrics by name
  void log(long step, double epoch, SequencedMap<String, Double> metrics);

  /// An evaluation.
  ///
  /// @param step steps done
  /// @param epoch passes over the data done, fractional
  /// @param metrics by name, each prefixed with `eval_`
  void evaluation(long step, double epoch, SequencedMap<String, Double> metrics);

  /// Every step, for a progress bar.
  ///
  /// @param done steps done
  /// @param total steps of the run
  /// @param tokens tokens that the step processed
  /// @param headline the numbers of this step that a bar shows: `loss` and, where there is one,
  ///   `accuracy`
  void progress(long done, long total, long tokens, SequencedMap<String, Double> headline);

  /// Something worth a line.
  void message(String line);
}
