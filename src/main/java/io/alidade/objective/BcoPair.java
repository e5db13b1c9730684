package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Binary classifier optimization on pairs (Jung et al. 2024, arXiv:2404.04656, section 4, with a
/// shift of 0).
///
/// `-log sigmoid(r_w) - log sigmoid(-r_l)`, with `r = beta * u` and `u` the log-ratio of policy to
/// reference summed over tokens: a classifier of chosen against rejected answers whose logit is the
/// implicit reward. An upper bound of DPO's loss.
///
/// Gradients: `-sigmoid(-r_w)` for the chosen reward, `sigmoid(r_l)` for the rejected one. At the
/// reference the loss is `2 ln 2`.
///
/// @param beta strength of the constraint, reward units per nat, positive
public record BcoPair(double beta) implements Objective {
  /// Checks the range.
  public BcoPair {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var reward = Ops.times(batch.logRatio(), beta); // [N]
    return Loss.mean(
            Logistic.loss(batch.chosen(reward)).add(Logistic.loss(batch.rejected(reward).neg())))
        .rewards(batch, reward);
  }
}
