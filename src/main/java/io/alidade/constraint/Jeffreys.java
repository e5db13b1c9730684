package io.alidade.constraint;

import org.bytedeco.pytorch.Tensor;

/// Jeffreys divergence, the sum of the two Kullback–Leibler divergences, `f(t) = (t - 1) log t`
/// (Wang et al. 2023, arXiv:2309.16240, which does not train with it).
///
/// `f'(exp(u)) = u - exp(-u) + 1`, 0 at the reference, with slope `1 + exp(-u)`.
public record Jeffreys() implements Divergence {
  @Override
  public Tensor reward(Tensor logRatio) {
    return logRatio.sub(Exponent.bounded(logRatio.neg()).expm1());
  }
}
