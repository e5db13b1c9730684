package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Anchored preference optimization, down form (D'Oosterlinck et al. 2024, arXiv:2408.06266, eq.
/// 8): for chosen answers that are worse than what the model would say.
///
/// `sigmoid(r_w) + 1 - sigmoid(r_w - r_l)`, with `r = beta * u` and `u` the log-ratio of policy to
/// reference summed over tokens. Both answers are made less likely, the rejected one more so. At
/// the reference the loss is 1.
///
/// @param beta strength of the constraint, reward units per nat, positive
public record ApoDown(double beta) implements Objective {
  /// Checks the range.
  public ApoDown {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var reward = Ops.times(batch.logRatio(), beta); // [N]
    return Loss.mean(batch.chosen(reward).sigmoid().add(batch.margin(reward).neg().sigmoid()))
        .rewards(batch, reward);
  }
}
