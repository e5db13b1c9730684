package io.alidade.constraint;

import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/// Exponents that single precision can hold.
final class Exponent {
  /// `exp(80) = 5.5e34`, below the largest float by enough for a factor and a sum.
  private static final double LARGEST = 80;

  private Exponent() {}

  /// The exponent, cut at 80; beyond, the exponential is constant and has no gradient.
  static Tensor bounded(Tensor exponent) {
    return Ops.atMost(exponent, LARGEST);
  }
}
