package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Calibrated DPO (Xiao et al. 2024, arXiv:2412.14516).
///
/// `-log sigmoid(u_w - u_l) + weight ((u_w - 1 / (2 beta))^2 + (u_l + 1 / (2 beta))^2)`, with `u`
/// the log-ratio of policy to reference summed over tokens: the contrast of DPO, and beside it a
/// target for each log-ratio, the reward of a certain label (1/2 and -1/2) over beta.
///
/// Gradient with respect to `u_w`: `-sigmoid(u_l - u_w) + 2 weight (u_w - 1 / (2 beta))`. At the
/// reference the loss is `ln 2 + weight / (2 beta^2)`; with weight 0 it is DPO at `beta = 1`.
///
/// @param beta what a reward of 1 is over its log-ratio, reward units per nat, positive
/// @param weight of the two targets, not negative
public record CalDpo(double beta, double weight) implements Objective {
  /// Checks the ranges.
  public CalDpo {
    Check.positive("beta", beta);
    Check.notNegative("weight", weight);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var chosen = batch.chosen(ratio); // [G]
    var rejected = batch.rejected(ratio); // [G]
    var targets =
        Ops.plus(chosen, -0.5 / beta).square().add(Ops.plus(rejected, 0.5 / beta).square());
    return Loss.mean(Logistic.loss(chosen.sub(rejected)).add(Ops.times(targets, weight)))
        .rewards(batch, Ops.times(ratio, beta));
  }
}
