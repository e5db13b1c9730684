package io.alidade.objective;

import io.alidade.batch.Scored;

/// Supervised fine-tuning on the chosen answers of pairs: the companion of preference losses, for
/// [Mixture].
///
/// `-sum_t log pi(y_t | x, y_<t) / (number of tokens)`, one flat mean over all chosen tokens of the
/// batch, not a mean of means.
public record ChosenSft() implements Objective {
  @Override
  public Needs needs() {
    return Needs.pairs().withoutReference().overTokens();
  }

  @Override
  public Loss loss(Scored batch) {
    var units = batch.chosen(batch.policy().units()).neg(); // [G, U]
    var mask = batch.chosen(batch.mask()); // [G, U]
    return Loss.mean(units, mask).metric("nll_loss", units, mask);
  }
}
