package io.alidade.objective;

import io.alidade.batch.Scored;
import org.bytedeco.pytorch.Tensor;

/// What the answers to a prompt shall look like to [AnchoredDpo]: a distribution over them, made
/// from what the data say.
public interface Target {
  /// What the data must carry.
  Needs needs();

  /// Probabilities, `[G, K]`, rows summing to 1, 0 at places that no candidate fills; without
  /// gradient.
  Tensor probabilities(Scored batch);
}
