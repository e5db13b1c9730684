package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Anchored preference optimization, zero form (D'Oosterlinck et al. 2024, arXiv:2408.06266, eq.
/// 7): for chosen answers that are better than what the model would say.
///
/// `1 - sigmoid(r_w) + sigmoid(r_l)`, with `r = beta * u` and `u` the log-ratio of policy to
/// reference summed over tokens. The chosen answer is made likelier, the rejected one less likely,
/// each with a force that fades as it moves: `sigmoid(r) sigmoid(-r)`. At the reference the loss is
/// 1.
///
/// @param beta strength of the constraint, reward units per nat, positive
public record ApoZero(double beta) implements Objective {
  /// Checks the range.
  public ApoZero {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var reward = Ops.times(batch.logRatio(), beta); // [N]
    return Loss.mean(batch.chosen(reward).neg().sigmoid().add(batch.rejected(reward).sigmoid()))
        .rewards(batch, reward);
  }
}
