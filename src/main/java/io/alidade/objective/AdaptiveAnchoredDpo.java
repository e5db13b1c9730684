package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Anchored DPO with a temperature for each prompt: looser where the policy is unsure, or sure and
/// wrong (ADPO, Wang 2025, arXiv:2510.18913, the adaptive temperature of its author's code).
///
/// The loss of [AnchoredDpo] with `tau = tau_base * (1 + alpha H + beta_tau (1 - H) (1 - R))`, cut
/// to `[tau_min, tau_max]` and without gradient. `H` is the mean of `-log pi` over the tokens of
/// all answers to the prompt, in units of `ln vocabulary` and cut to `[0, 1]`; `R` the mean score
/// of the answers, brought to `[0, 1]` by the least and the greatest mean of the batch, or 1/2 if
/// all are equal.
///
/// Gradient with respect to `l_i`: `(softmax(u)_i - q_i) / tau`: a larger temperature takes smaller
/// steps, towards the looser fixed point `ref * q^tau`. At the anchor the loss is `ln K`. `alpha =
/// beta_tau = 0` is [AnchoredDpo]. Prompts are compared with each other, so a batch is not split.
///
/// @param tauBase temperature of a policy that is sure and right, nats, positive
/// @param alpha by how much an unsure policy raises it, not negative
/// @param betaTau by how much a policy that is sure and wrong raises it, not negative
/// @param tauMin least temperature, nats, positive
/// @param tauMax greatest temperature, nats, at least `tau_min`
/// @param vocabulary number of tokens of the model, whose logarithm is the greatest entropy, at
///   least 2
/// @param target what the list shall look like
/// @param smoothing share of the target that is spread evenly over the list, in `[0, 1)`
/// @param lengthNormalised whether log-likelihoods are divided by the number of tokens
public record AdaptiveAnchoredDpo(
    double tauBase,
    double alpha,
    double betaTau,
    double tauMin,
    double tauMax,
    int vocabulary,
    Target target,
    double smoothing,
    boolean lengthNormalised)
    implements Objective {
  /// Checks the ranges.
  public AdaptiveAnchoredDpo {
    Check.positive("tau_base", tauBase);
    Check.notNegative("alpha", alpha);
    Check.notNegative("beta_tau", betaTau);
    Check.positive("tau_min", tauMin);
    Check.positive("tau_max", tauMax);
    Check.notNegative("tau_max - tau_min", tauMax - tauMin);
    Check.atLeast("vocabulary", 2, vocabulary);
    Check.belowFrom("smoothing", 0, 1, smoothing);
  }

  @Override
  public Needs needs() {
    return target.needs().with(ScoreTarget.SCORE).wholeBatch();
  }

  @Override
  public Loss loss(Scored batch) {
    var tau = batch.constant(temperature(batch)); // [G]
    var inverse = batch.spread(tau.reciprocal()).unsqueeze(1); // [N, 1]
    return new AnchoredDpo(1, target, smoothing, lengthNormalised)
        .loss(batch.scaled(inverse.mul(torch.ones_like(batch.mask()))))
        .metric("adpo/tau", tau);
  }

  private Tensor temperature(Scored batch) {
    var tokens = batch.byGroup(batch.mask().sum(1)).sum(1); // [G]
    var surprise = batch.byGroup(batch.policy().total()).sum(1).neg(); // [G], nats
    var share = Ops.times(surprise.div(Ops.atLeast(tokens, 1)), 1 / Math.log(vocabulary));
    var unsure = Ops.atMost(Ops.atLeast(share, 0), 1); // [G], H
    var sure = Ops.plus(unsure.neg(), 1); // [G], 1 - H
    var wrong = Ops.plus(success(batch).neg(), 1); // [G], 1 - R
    var factor = Ops.plus(Ops.times(unsure, alpha).add(Ops.times(sure.mul(wrong), betaTau)), 1);
    return Ops.atMost(Ops.atLeast(Ops.times(factor, tauBase), tauMin), tauMax);
  }

  /// `R`: the mean score of each prompt's answers among the prompts of the batch, `[G]`.
  private static Tensor success(Scored batch) {
    var scores = batch.byGroup(batch.signal(ScoreTarget.SCORE)); // [G, K], 0 where nobody is
    var mean = scores.sum(1).div(batch.present().to(batch.type()).sum(1)); // [G]
    var above = mean.sub(mean.min()); // [G]
    var span = above.max(); // scalar
    return Ops.number(span) > 0 ? above.div(span) : torch.full_like(mean, new Scalar(0.5));
  }
}
