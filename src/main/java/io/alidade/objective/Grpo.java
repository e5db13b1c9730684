package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Likelihood;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/// Group relative policy optimization on drawn answers with known advantages (GRPO, Shao et al.
/// 2024, arXiv:2402.03300, eq. 3; asymmetric clipping: DAPO, arXiv:2503.14476; ratios of whole
/// answers: GSPO, Zheng et al. 2025, arXiv:2507.18071).
///
/// For each token `-min(rho A, clip(rho, 1 - low, 1 + high) A) + beta k`, with `A` the advantage of
/// its answer, `rho` the ratio of the policy to the one that drew the answer, of the token or the
/// geometric mean over the answer, and `k = exp(-d) + d - 1`, `d` the log-ratio of policy to
/// reference, an estimate of the divergence. Tokens are averaged as [Averaging] says.
///
/// Gradient with respect to the log-likelihood of a token at `rho = 1`: `-A` (over the tokens it is
/// averaged with); 0 where the ratio is clipped.
///
/// @param beta weight of the divergence from the reference, not negative; 0 needs no reference
/// @param epsilonLow by how much the ratio may fall, in `[0, 1)`
/// @param epsilonHigh by how much the ratio may rise, not negative
/// @param delta upper bound of the ratio whatever the advantage's sign, if any
/// @param importanceSamplingLevel of what the ratio is taken
/// @param averaging how tokens are averaged
/// @param onPolicy whether the policy itself has just drawn the answers, so that the ratio is 1
/// @param useBiasCorrectionKl whether the divergence term is multiplied by the ratio
public record Grpo(
    double beta,
    double epsilonLow,
    double epsilonHigh,
    Optional<Double> delta,
    Level importanceSamplingLevel,
    Averaging averaging,
    boolean onPolicy,
    boolean useBiasCorrectionKl)
    implements Objective {
  /// How much better an answer was than expected, reward units or standard deviations.
  static final Signal ADVANTAGE = Signal.perCandidate("advantage");

  /// Log-likelihood of each token under the policy that drew it, nats.
  static final Signal OLD = Signal.perUnit("old_logps");

  /// Two such exponentials may be multiplied in single precision.
  private static final double LARGEST = 40;

  /// Of what a ratio is taken.
  public enum Level {
    /// Of each token.
    TOKEN,
    /// Of the answer: the geometric mean over its tokens.
    SEQUENCE
  }

  /// Checks the ranges.
  public Grpo {
    Check.notNegative("beta", beta);
    Check.belowFrom("epsilon_low", 0, 1, epsilonLow);
    Check.notNegative("epsilon_high", epsilonHigh);
    delta.ifPresent(bound -> Check.positive("delta", bound));
  }

  @Override
  public Needs needs() {
    var needs = Needs.rollouts().with(ADVANTAGE).overTokens();
    var policies = onPolicy ? needs : needs.with(OLD);
    return beta == 0 ? policies.withoutReference() : policies;
  }

  @Override
  public Loss loss(Scored batch) {
    var policy = batch.policy().units(); // [N, U]
    var mask = batch.mask();
    var old = onPolicy ? batch.constant(policy) : batch.signal(OLD);
    var change = policy.sub(old).mul(mask); // [N, U]
    var exponent =
        switch (importanceSamplingLevel) {
          case TOKEN -> change;
          case SEQUENCE -> new Likelihood(change, mask).mean().unsqueeze(1).expand_as(change);
        };
    var ratio = Ops.atMost(exponent, LARGEST).exp(); // [N, U]
    var advantage = batch.signal(ADVANTAGE).unsqueeze(1); // [N, 1]
    var clipped = Ops.atMost(Ops.atLeast(ratio, 1 - epsilonLow), 1 + epsilonHigh);
    var bounded = delta.isPresent() ? Ops.atMost(ratio, delta.get()) : ratio;
    var units = bounded.mul(advantage).minimum(clipped.mul(advantage)).neg(); // [N, U]
    var type = ratio.scalar_type();
    var low = bounded.lt(Ops.scalar(1 - epsilonLow)).to(type).mul(negative(advantage));
    var high = bounded.gt(Ops.scalar(1 + epsilonHigh)).to(type).mul(negative(advantage.neg()));
    if (beta == 0) {
      return clipping(averaging.mean(units, mask), low, high, mask);
    }
    var plain = divergence(batch); // [N, U]
    var divergence = useBiasCorrectionKl ? plain.mul(ratio) : plain;
    var whole = averaging.mean(units.add(Ops.times(divergence, beta)), mask);
    return clipping(whole.metric("kl", divergence, mask), low, high, mask);
  }

  private static Loss clipping(Loss loss, Tensor low, Tensor high, Tensor mask) {
    return loss.metric("clip_ratio/low_mean", low, mask)
        .metric("clip_ratio/high_mean", high, mask)
        .metric("clip_ratio/region_mean", low.add(high), mask);
  }

  /// `exp(-d) + d - 1`, never negative.
  private static Tensor divergence(Scored batch) {
    var d = batch.policy().units().sub(batch.reference().units()).mul(batch.mask());
    return Ops.atMost(d.neg(), LARGEST).expm1().add(d);
  }

  /// 1 where an advantage is below 0.
  private static Tensor negative(Tensor advantage) {
    return advantage.lt(Ops.scalar(0)).to(advantage.scalar_type());
  }
}
