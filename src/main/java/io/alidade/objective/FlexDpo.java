package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// DPO with a strength for each side (Flex-DPO, Yan et al. 2024, "3D-properties",
/// arXiv:2406.07327).
///
/// `-log sigmoid(beta_plus u_w - beta_minus u_l)`, with `u` the log-ratio of policy to reference
/// summed over tokens. A smaller `beta_minus` slows the fall of the rejected likelihood, which in
/// DPO soon leaves the chosen one without gradient.
///
/// The gradient with respect to the rejected log-likelihood is `-beta_minus / beta_plus` times that
/// with respect to the chosen one. Equal strengths give [Dpo]; `beta_minus = 0` does not look at
/// the rejected answer.
///
/// @param betaPlus strength for the chosen answer, reward units per nat, positive
/// @param betaMinus strength for the rejected answer, reward units per nat, not negative
public record FlexDpo(double betaPlus, double betaMinus) implements Objective {
  /// Checks the ranges.
  public FlexDpo {
    Check.positive("beta_plus", betaPlus);
    Check.notNegative("beta_minus", betaMinus);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var chosen = Ops.times(batch.chosen(ratio), betaPlus); // [G]
    var rejected = Ops.times(batch.rejected(ratio), betaMinus); // [G]
    return Loss.mean(Logistic.loss(chosen.sub(rejected))).rewards(chosen, rejected);
  }
}
