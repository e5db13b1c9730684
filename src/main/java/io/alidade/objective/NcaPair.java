package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Noise contrastive alignment on pairs (Chen et al. 2024, arXiv:2402.05369, section 4.1).
///
/// `-log sigmoid(r_w) - 1/2 log sigmoid(-r_w) - 1/2 log sigmoid(-r_l)`, with `r = beta * u` and `u`
/// the log-ratio of policy to reference summed over tokens. Rewards are absolute: the chosen one is
/// held up, not only above the rejected one.
///
/// Gradients: `-sigmoid(-r_w) + sigmoid(r_w) / 2` for the chosen reward, 0 at `r_w = ln 2`;
/// `sigmoid (r_l) / 2` for the rejected one. At the reference the loss is `2 ln 2`.
///
/// @param beta strength of the constraint, reward units per nat, positive
public record NcaPair(double beta) implements Objective {
  /// Checks the range.
  public NcaPair {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var reward = Ops.times(batch.logRatio(), beta); // [N]
    var chosen = batch.chosen(reward); // [G]
    var against = Logistic.loss(chosen.neg()).add(Logistic.loss(batch.rejected(reward).neg()));
    return Loss.mean(Logistic.loss(chosen).add(Ops.times(against, 0.5))).rewards(batch, reward);
  }
}
