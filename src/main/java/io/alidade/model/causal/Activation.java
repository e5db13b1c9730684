package io.alidade.model.causal;

import org.bytedeco.pytorch.Tensor;

/// An element-wise function with its derivative.
interface Activation {
  /// The function.
  Tensor of(Tensor x);

  /// `gradient * f'(x)`.
  Tensor back(Tensor gradient, Tensor x);
}
