package io.alidade.constraint;

import io.alidade.Check;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/// Alpha-divergence, `f(t) = (t^(1 - a) - (1 - a) t - a) / (a (a - 1))` (Wang et al. 2023,
/// arXiv:2309.16240): between reverse and forward Kullback–Leibler.
///
/// `f'(exp(u)) = (1 - exp(-a u)) / a`, 0 at the reference, with slope `exp(-a u)`. `a -> 0` is
/// [ReverseKl], `a = 1` is [ForwardKl]. TRL's `f_alpha_divergence_coef` is `1 - a`.
///
/// @param alpha `a`, above 0 and at most 1
public record AlphaDivergence(double alpha) implements Divergence {
  /// Checks the range.
  public AlphaDivergence {
    Check.positive("alpha", alpha);
    Check.between("alpha", 0, 1, alpha);
  }

  @Override
  public Tensor reward(Tensor logRatio) {
    return Ops.times(Exponent.bounded(Ops.times(logRatio, -alpha)).expm1(), -1 / alpha);
  }
}
