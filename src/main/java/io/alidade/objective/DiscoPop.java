package io.alidade.objective;

import static org.bytedeco.pytorch.global.torch.log_sigmoid;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;

/// Discovered preference optimization, the log-ratio modulated loss (Lu et al. 2024,
/// arXiv:2406.08414, eq. 5).
///
/// `(1 - s) * -log sigmoid(m) + s * exp(-m)`, with `m = beta * (score of chosen - score of
/// rejected)` as in [Dpo] and `s = sigmoid(m / tau)`: logistic for negative margins, exponential
/// for positive ones. Not convex: just above 0 lies a dent whose depth `tau` sets.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param tau width of the passage from one form to the other, reward units, positive; above 1 the
///   loss of a very wrong pair is exponential too
/// @param divergence what keeps the policy near its reference
public record DiscoPop(double beta, double tau, Divergence divergence) implements Objective {
  /// Beyond this the exponential leaves single precision; only a `tau` above 1 gets there.
  private static final double LARGEST = 80;

  /// Checks the ranges.
  public DiscoPop {
    Check.positive("beta", beta);
    Check.positive("tau", tau);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var margin = Ops.times(batch.margin(divergence.reward(ratio)), beta); // [G]
    var modulation = Ops.times(margin, 1 / tau); // [G]
    var logistic = modulation.neg().sigmoid().mul(Logistic.loss(margin)); // [G]
    // sigmoid(m / tau) * exp(-m) in one exponent, since the two factors alone are 0 and infinite.
    var exponential = Ops.atMost(log_sigmoid(modulation).sub(margin), LARGEST).exp(); // [G]
    return Loss.mean(logistic.add(exponential)).rewards(batch, Ops.times(ratio, beta));
  }
}
