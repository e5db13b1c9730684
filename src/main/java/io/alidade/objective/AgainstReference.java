package io.alidade.objective;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import java.util.Set;

/// An objective without reference on log-ratios to a frozen model in place of log-likelihoods: the
/// opposite of [ReferenceFree].
///
/// Around [PowerDl] with weights of 1 and `eta = 0` it is DPO with dynamic labels (Rashidinejad and
/// Tian 2024, arXiv:2412.09544); around [SimPo] without target margin it is [SigmoidNorm].
/// Objectives that read likelihoods as probabilities, as [Asft] and [Orpo] do, mean nothing here.
///
/// @param objective one that learns from pairs by their likelihoods alone, without a reference
public record AgainstReference(Objective objective) implements Objective {
  /// Checks that there is no reference yet.
  public AgainstReference {
    var needs = objective.needs();
    boolean alone = needs.onlyPairs() && !needs.reference();
    if (!alone || !needs.readouts().equals(Set.of(Readout.LOG_LIKELIHOOD))) {
      throw new IllegalArgumentException(
          "objective must learn from the likelihoods of pairs without a reference, %s does not"
              .formatted(objective.getClass().getSimpleName()));
    }
  }

  @Override
  public Needs needs() {
    return objective.needs().withReference();
  }

  @Override
  public Loss loss(Scored batch) {
    return objective.loss(batch.againstReference());
  }
}
