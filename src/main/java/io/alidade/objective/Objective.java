package io.alidade.objective;

import io.alidade.batch.Scored;

/// A training objective: a record of its scientific parameters and one pure function.
///
/// An implementation keeps no state, draws no random numbers and touches no model; what it must
/// carry from step to step it returns in the [Loss] and finds again in the next batch. The contract
/// test checks every record of this package.
public interface Objective {
  /// What must be computed for [#loss(Scored)]; exact, since nothing else is present in the batch.
  Needs needs();

  /// The loss of a batch.
  ///
  /// @param batch what [#needs()] declares, and no more
  Loss loss(Scored batch);
}
