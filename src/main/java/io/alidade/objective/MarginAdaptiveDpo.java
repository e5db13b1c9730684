package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Margin-adaptive DPO (MADPO, Rho 2025, arXiv:2510.05342, as its author's code defines it): each
/// pair is weighted by what a reward model says of it.
///
/// `-w(h) log sigmoid(m)`, with the margin `m` as in [Dpo], `h` the reward model's margin between
/// chosen and rejected answer, in logits, and
///
/// `w = sigmoid(c h) / sigmoid(h)` where `h > -tau`, else 1; `c = c_min + (c_max - c_min) / (1 +
/// (c_max - 1) / (1 - c_min) * exp(lambda (|h| - tau)))`.
///
/// `c` falls from near `c_max` for close pairs through 1 at `|h| = tau` to `c_min` for obvious
/// ones. If labels follow `sigmoid(h)`, the optimum of the margin is `c h`: targets of close pairs
/// are stretched, those of obvious ones shrunk. Pairs whose label the reward model doubts lose
/// weight; beyond `tau` the doubt itself is not trusted. The weight carries no gradient.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param cMax stretch of close pairs, above 1
/// @param cMin shrinkage of obvious pairs, between 0 and 1
/// @param lambda how fast the one passes into the other, per logit, positive
/// @param tau margin that is left as it is, logits, not negative
/// @param divergence what keeps the policy near its reference
public record MarginAdaptiveDpo(
    double beta, double cMax, double cMin, double lambda, double tau, Divergence divergence)
    implements Objective {
  /// Reward of the chosen answer minus that of the rejected one, logits.
  static final Signal MARGIN = Signal.perGroup("rm_margin");

  /// Above this an exponential would leave single precision where nothing changes any more.
  private static final double LARGEST = 50;

  /// Checks the ranges.
  public MarginAdaptiveDpo {
    Check.positive("beta", beta);
    Check.positive("c_max - 1", cMax - 1);
    Check.positive("c_min", cMin);
    Check.positive("1 - c_min", 1 - cMin);
    Check.positive("lambda", lambda);
    Check.notNegative("tau", tau);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().with(MARGIN);
  }

  @Override
  public Loss loss(Scored batch) {
    var margin = batch.signal(MARGIN); // [G]
    var stretch = stretch(margin); // [G]
    var trusted = margin.gt(Ops.scalar(-tau)); // [G]
    var weight =
        torch.where(
            trusted,
            Logistic.loss(margin).sub(Logistic.loss(stretch.mul(margin))).exp(),
            torch.ones_like(margin)); // [G]
    var disagrees = margin.lt(Ops.scalar(0)).to(margin.scalar_type());
    return new Dpo(beta, divergence)
        .loss(batch)
        .weighted(weight)
        .metric("madpo/weight_mean", weight)
        .metric("madpo/c_mean", stretch)
        .metric("madpo/disagreement", disagrees)
        .metric("madpo/frac_guarded", trusted.logical_not().to(margin.scalar_type()));
  }

  /// `c(|h|)`.
  private Tensor stretch(Tensor margin) {
    var exponent = Ops.atMost(Ops.times(Ops.plus(margin.abs(), -tau), lambda), LARGEST);
    var fall = Ops.plus(Ops.times(exponent.exp(), (cMax - 1) / (1 - cMin)), 1);
    return Ops.plus(Ops.times(fall.reciprocal(), cMax - cMin), cMin);
  }
}
