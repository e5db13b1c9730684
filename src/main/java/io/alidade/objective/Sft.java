package io.alidade.objective;

import io.alidade.batch.Scored;

/// Supervised fine-tuning: the mean negative log-likelihood of the tokens of demonstrations.
///
/// `-sum_t log pi(y_t | x, y_<t) / (number of tokens)`, one flat mean over all counted tokens of
/// the batch, not a mean of means.
public record Sft() implements Objective {
  @Override
  public Needs needs() {
    return Needs.demonstrations().overTokens();
  }

  @Override
  public Loss loss(Scored batch) {
    return Loss.mean(batch.policy().units().neg(), batch.mask());
  }
}
