package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;

/// Identity preference optimization (Azar et al. 2023, arXiv:2310.12036, eq. 17).
///
/// `(h - 1 / (2 beta))^2`, with `h` the difference between the scores of chosen and rejected
/// answer, the score as in [Dpo]. The equation sums log-ratios over tokens; divided by the length
/// of each answer, as its authors compute it, the target does not depend on length.
///
/// Gradient with respect to `h`: `2 h - 1 / beta`: it vanishes at the target margin and pulls back
/// beyond it, so margins stay finite even if a label is certain.
///
/// @param beta strength of the constraint (`tau` in the paper), positive; the target margin is `1 /
///   (2 beta)`, nats or nats per token
/// @param lengthNormalised whether scores are divided by the number of tokens
/// @param divergence what keeps the policy near its reference
public record Ipo(double beta, boolean lengthNormalised, Divergence divergence)
    implements Objective {
  /// Beyond this the square leaves single precision; only the exponential divergences get there.
  private static final double LARGEST = 1e18;

  /// Checks the range.
  public Ipo {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var total = divergence.reward(ratio); // [N]
    var score = lengthNormalised ? total.div(batch.policy().length()) : total; // [N]
    var excess = Ops.plus(batch.margin(score), -1 / (2 * beta)); // [G]
    return Loss.mean(Ops.atMost(Ops.atLeast(excess, -LARGEST), LARGEST).square())
        .rewards(batch, Ops.times(ratio, beta));
  }
}
