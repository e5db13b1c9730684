package io.alidade.objective;

import io.alidade.batch.Scored;

/// Dynamic fine-tuning (DFT, Wu et al. 2025, arXiv:2508.05629).
///
/// `-sum_t p_t log p_t / (number of tokens)`, with `p_t` the probability of the token that was
/// there, once as a weight without gradient. One flat mean over all counted tokens of the batch.
///
/// Gradient with respect to `log p_t`: `-p_t / tokens`: tokens that the model finds impossible,
/// which dominate [Sft], count for little.
public record Dft() implements Objective {
  @Override
  public Needs needs() {
    return Needs.demonstrations().overTokens();
  }

  @Override
  public Loss loss(Scored batch) {
    var units = batch.policy().units(); // [N, U]
    return Loss.mean(units.mul(batch.constant(units.exp())).neg(), batch.mask());
  }
}
