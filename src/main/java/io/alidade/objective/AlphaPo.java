package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Preference optimization with a reward of adjustable shape (AlphaPO, Gupta et al. 2025,
/// arXiv:2501.03884).
///
/// `-(1 - e) log sigmoid(m) - e log sigmoid(-m)` with `m = beta * (r(chosen) - r(rejected)) -
/// gamma`, `r = (1 - exp(-alpha l)) / alpha` and `l` the mean log-likelihood per token. Needs no
/// reference.
///
/// `alpha -> 0` is [SimPo]. The slope of the reward is `exp(-alpha l)`: with positive `alpha`
/// unlikely answers are moved more, with negative `alpha` less.
///
/// @param beta scale of the reward, positive
/// @param gamma target margin, reward units, not negative
/// @param alpha shape of the reward, not 0
/// @param labelSmoothing `e`, in `[0, 0.5)`; 0 in the paper
public record AlphaPo(double beta, double gamma, double alpha, double labelSmoothing)
    implements Objective {
  /// Beyond this the exponential leaves single precision.
  private static final double LARGEST = 80;

  /// Checks the ranges.
  public AlphaPo {
    Check.positive("beta", beta);
    Check.notNegative("gamma", gamma);
    Check.finite("alpha", alpha);
    Check.belowFrom("label_smoothing", 0, 0.5, labelSmoothing);
    if (alpha == 0) {
      throw new IllegalArgumentException("alpha must not be 0; SimPo is the limit");
    }
  }

  @Override
  public Needs needs() {
    return Needs.pairs().withoutReference();
  }

  @Override
  public Loss loss(Scored batch) {
    var exponent = Ops.atMost(Ops.times(batch.policy().mean(), -alpha), LARGEST); // [N]
    var reward = Ops.times(exponent.expm1(), -beta / alpha); // [N]
    var margin = Ops.plus(batch.margin(reward), -gamma); // [G]
    return Loss.mean(Logistic.smoothed(margin, labelSmoothing)).rewards(batch, reward);
  }
}
