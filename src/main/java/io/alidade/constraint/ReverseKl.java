package io.alidade.constraint;

import org.bytedeco.pytorch.Tensor;

/// Reverse Kullback–Leibler divergence, `f(t) = t log t`: the constraint of RLHF and of DPO
/// (Rafailov et al. 2023, arXiv:2305.18290).
///
/// `f'(t) = log t + 1`; the constant cancels in a comparison and is dropped, so that the reward is
/// the log-ratio itself.
public record ReverseKl() implements Divergence {
  @Override
  public Tensor reward(Tensor logRatio) {
    return logRatio;
  }
}
