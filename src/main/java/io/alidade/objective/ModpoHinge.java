package io.alidade.objective;

import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;
import java.util.Map;

/// The hinge form of multi-objective DPO (MODPO, Zhou et al. 2023, arXiv:2310.03708; an option of
/// its authors' code).
///
/// `max(0, 1 - (r(chosen) - r(rejected)))` with `r = (beta u - sum_i w_i r_i) / w` as in [Modpo]:
/// `u` the log-ratio of policy to reference summed over tokens, `w` the weight of the objective
/// that the pairs express and `r_i` the rewards of the others.
///
/// Gradient with respect to the chosen log-likelihood: `-beta / w` until `r` tells the answers
/// apart by 1, then 0. `w = 1` with no others is [Hinge].
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param weight `w`, positive
/// @param others `w_i` by the name of the signal that holds `r_i` for each answer
public record ModpoHinge(double beta, double weight, Map<String, Double> others)
    implements Objective {
  /// Checks the ranges.
  public ModpoHinge {
    others = new Modpo(beta, weight, others).others();
  }

  @Override
  public Needs needs() {
    return form().needs();
  }

  @Override
  public Loss loss(Scored batch) {
    var own = form().reward(batch); // [N]
    return Loss.mean(Ops.plus(batch.margin(own).neg(), 1).relu()).rewards(batch, own);
  }

  private Modpo form() {
    return new Modpo(beta, weight, others);
  }
}
