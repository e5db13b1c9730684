package io.alidade.objective;

import org.bytedeco.pytorch.Tensor;

/// How the losses of tokens become one number: whether a long answer counts more than a short one.
public interface Averaging {
  /// The mean.
  ///
  /// @param units `[N, U]`, a loss for each token
  /// @param mask `[N, U]`
  Loss mean(Tensor units, Tensor mask);
}
