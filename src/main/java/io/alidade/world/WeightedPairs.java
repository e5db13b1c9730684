package io.alidade.world;

import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.objective.Loss;
import io.alidade.objective.Needs;
import io.alidade.objective.Objective;

/// A loss over pairs to which each pair counts as much as its weight says: with all ordered pairs,
/// weighted by the probability that people would prefer the first, the loss is what it is over
/// infinitely many comparisons, and its optimum is exact.
///
/// @param objective a mean over pairs
public record WeightedPairs(Objective objective) implements Objective {
  /// How much a pair counts.
  public static final Signal WEIGHT = Signal.perGroup("pair_weight");

  @Override
  public Needs needs() {
    return objective.needs().with(WEIGHT);
  }

  @Override
  public Loss loss(Scored batch) {
    return objective.loss(batch).weighted(batch.signal(WEIGHT));
  }
}
