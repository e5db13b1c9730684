package io.alidade.model;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import java.util.Set;

/// Anything that assigns log-likelihoods to candidates: a policy, a frozen reference, a cache of
/// what a reference said.
public interface Scorer extends AutoCloseable {
  /// Scores every candidate of a batch in one pass. Must be called inside a
  /// [io.alidade.tensor.Step], which owns the result.
  ///
  /// @param batch tokenized groups
  /// @param readouts what to report; any other readout is absent from the result
  /// @param differentiable whether [Scoring#backward] will be called; without it no graph is kept
  Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable);

  /// Gives back memory that is not needed until the next call, which may take longer for it.
  default void rest() {}

  @Override
  void close();
}
