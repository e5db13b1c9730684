package io.alidade.reference;

import io.alidade.model.Scorer;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/// A reference that follows the policy. A session tells it what happens and keeps its weights in
/// every checkpoint.
public interface Moving extends Scorer {
  /// The policy took a step.
  ///
  /// @param step how many it has taken, from 1
  void stepped(long step);

  /// A new part of the run begins with the policy as it is.
  void anchored();

  /// Whether it moves the policy too when a part begins, so that what an optimizer knows of the
  /// weights no longer holds.
  default boolean movesPolicy() {
    return false;
  }

  /// By how much the reward of answers to held-out prompts may fall through such a move; empty if
  /// nobody looks.
  default Optional<Double> tolerance() {
    return Optional.empty();
  }

  /// Takes back how the last part's beginning moved the policy: the part begins with the policy as
  /// it was.
  ///
  /// @throws IllegalStateException if it moves none
  default void withdraw() {
    throw new IllegalStateException("this reference moves no policy");
  }

  /// Its weights by name, for a checkpoint; they share memory with it.
  SequencedMap<String, Tensor> state();

  /// Copies weights that [#state()] gave back in.
  void restore(Map<String, Tensor> state);
}
