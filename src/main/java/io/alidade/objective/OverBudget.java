package io.alidade.objective;

import io.alidade.Check;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/// The mean over answers of the sum over tokens, divided by a constant (Dr. GRPO, Liu et al. 2025,
/// arXiv:2503.20783): the length of an answer does not change the force on its tokens.
///
/// @param maxCompletionLength the constant, tokens, at least 1
public record OverBudget(int maxCompletionLength) implements Averaging {
  /// Checks the range.
  public OverBudget {
    Check.atLeast("max_completion_length", 1, maxCompletionLength);
  }

  @Override
  public Loss mean(Tensor units, Tensor mask) {
    return Loss.mean(Ops.times(units.mul(mask).sum(1), 1.0 / maxCompletionLength));
  }
}
