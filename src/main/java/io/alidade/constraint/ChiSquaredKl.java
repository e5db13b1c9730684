package io.alidade.constraint;

import org.bytedeco.pytorch.Tensor;

/// Chi-squared plus reverse Kullback–Leibler divergence, `f(t) = (t - 1)^2 / 2 + t log t` (Huang et
/// al. 2024, arXiv:2407.13399, "chi-PO"): pessimism against over-optimisation.
///
/// `f'(exp(u)) = exp(u) - 1 + u` up to a constant, 0 at the reference, with slope `exp(u) + 1`:
/// answers that the policy has already raised cost more and more.
///
/// Chi-squared alone, like total variation, is no constraint for this kind of loss: its `f'(0)` is
/// finite, so its optimum may give an answer no mass at all and has no log-ratio.
public record ChiSquaredKl() implements Divergence {
  @Override
  public Tensor reward(Tensor logRatio) {
    return logRatio.add(Exponent.bounded(logRatio).expm1());
  }
}
