package io.alidade.constraint;

import org.bytedeco.pytorch.Tensor;

/// A divergence that keeps the policy near its reference, known here by the reward that it implies.
///
/// Under an f-divergence constraint the optimal policy ties reward and likelihood ratio by `r =
/// beta * f'(pi / pi_ref)` up to a term of the prompt alone (Wang et al. 2023, arXiv:2309.16240).
/// Each record gives `f'` as a function of the log-ratio.
public interface Divergence {
  /// `f'(exp(u))` for log-ratios `u`, of any shape, computed without overflow for `|u|` up to 1e4.
  Tensor reward(Tensor logRatio);
}
