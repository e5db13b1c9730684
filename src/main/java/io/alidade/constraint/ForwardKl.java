package io.alidade.constraint;

import org.bytedeco.pytorch.Tensor;

/// Forward Kullback–Leibler divergence, `f(t) = -log t` (Wang et al. 2023, arXiv:2309.16240): keeps
/// mass wherever the reference has some.
///
/// `f'(exp(u)) = -exp(-u)`, plus 1 so that the reward at the reference is 0. Its slope `exp(-u)`
/// makes a suppressed answer saturate the loss at once, which ends its suppression.
public record ForwardKl() implements Divergence {
  @Override
  public Tensor reward(Tensor logRatio) {
    return Exponent.bounded(logRatio.neg()).expm1().neg();
  }
}
