package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;

/// DPO over whole rankings (Rafailov et al. 2023, arXiv:2305.18290, under the model of Plackett and
/// Luce).
///
/// `-sum_k log(exp(r_k) / sum_{j >= k} exp(r_j))` over the candidates of a group from best to
/// worst, with `r = beta * score` and the score as in [Dpo]: the best is chosen among all, the
/// second among the rest, and so on. Two candidates give [Dpo]; at the reference the loss is `ln
/// K!`.
///
/// Gradient with respect to `r_k`: minus one, plus the probabilities that k would be chosen at each
/// place down to its own (the last candidate has no place of its own).
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param divergence what keeps the policy near its reference
public record PlackettLuce(double beta, Divergence divergence) implements Objective {
  /// Stands for the logarithm of 0 where a group has fewer candidates than the largest one; finite,
  /// so that it has a gradient.
  private static final double NOBODY = -1e36;

  /// Checks the range.
  public PlackettLuce {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.rankings();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var reward = batch.byGroup(Ops.times(divergence.reward(ratio), beta)); // [G, K]
    var present = batch.present(); // [G, K]
    var entrants = torch.where(present, reward, new Scalar(NOBODY)); // [G, K]
    var rest = entrants.flip(1).logcumsumexp(1).flip(1); // [G, K], log-sum-exp of who is left
    var places = torch.where(present, rest.sub(entrants), new Scalar(0.0)); // [G, K]
    return Loss.mean(places.sum(1)).rewards(batch, Ops.times(ratio, beta));
  }
}
