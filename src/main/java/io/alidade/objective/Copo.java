package io.alidade.objective;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Consistency-aware policy optimization on drawn answers (COPO, Han et al. 2025, arXiv:2508.04138;
/// code of hijih/copo-code): GRPO learns nothing from a prompt whose answers are all right or all
/// wrong. A second advantage, of the prompt among the prompts of the batch, is blended in by how
/// much the final answers of the prompt differ.
///
///     loss of a token:  w l(A) + (1 - w) l(A_g)        w = sigmoid(k (H - b))
///     l(A) = max(-A rho, -A clip(rho, 1 - low, 1 + high)), and at most -c A where A < 0
///     less entropy * (entropy of the token's distribution), plus beta * divergence
///
/// `A` is the advantage of an answer within its prompt, `A_g` that of the prompt, `H` the entropy
/// of the final answers of the prompt in bits, `rho` the ratio of the policy to the one that drew
/// the answer, token by token; [ConsistencyAware] makes the first three. None carries a gradient.
///
/// Gradient with respect to the log-likelihood of a token at `rho = 1`: `-(w A + (1 - w) A_g)`,
/// over what it is averaged with.
///
/// @param blend which part of the loss an answer has, beside `w`
/// @param k slope of the weight, per bit, not negative
/// @param b threshold of the weight, bits
/// @param epsilonLow by how much the ratio may fall, in `[0, 1)`
/// @param epsilonHigh by how much the ratio may rise, not negative
/// @param c bound of the loss of an answer that was worse than expected, in advantages, above 1
/// @param beta weight of the divergence from the reference, `exp(-d) + d - 1`, not negative; 0 needs
///   no reference
/// @param averaging how tokens are averaged
/// @param onPolicy whether the policy itself has just drawn the answers, so that the ratio is 1
/// @param entropy weight of the entropy of each token's distribution, which is added to what is
///   sought, per nat, not negative
public record Copo(
    Blend blend,
    double k,
    double b,
    double epsilonLow,
    double epsilonHigh,
    double c,
    double beta,
    Averaging averaging,
    boolean onPolicy,
    @Default("0.0") double entropy)
    implements Objective {
  /// How much better an answer was than the others to its prompt.
  static final Signal ADVANTAGE = Signal.perCandidate("advantage");

  /// How much better the answers to its prompt were than those to other prompts.
  static final Signal GLOBAL = Signal.perCandidate("global_advantage");

  /// Entropy of the final answers of a prompt, bits.
  static final Signal ENTROPY = Signal.perGroup("answer_entropy");

  /// The reward itself.
  static final Signal REWARD = Signal.perCandidate("reward");

  /// Log-likelihood of each token under the policy that drew it, nats.
  static final Signal OLD = Signal.perUnit("old_logps");

  /// Two such exponentials may be multiplied in single precision.
  private static final double LARGEST = 40;

  /// Which weight the advantage within the prompt has.
  public enum Blend {
    /// `w`.
    SOFT,
    /// `w`, but 0 for a prompt whose answers all earned the same.
    SOFT_WITH_FORCED,
    /// `w`, but 0 for an answer that earned nothing: what the authors released.
    SOFT_WITH_ZERO,
    /// 1, but 0 for a prompt whose answers all earned the same.
    ONLY_FORCED,
    /// 1, but 0 for an answer that earned nothing.
    ONLY_ZERO,
    /// 0.
    ONLY_GLOBAL,
    /// 1: GRPO, with the bound `c`.
    NONE
  }

  /// Without a bonus for entropy.
  public Copo(
      Blend blend,
      double k,
      double b,
      double epsilonLow,
      double epsilonHigh,
      double c,
      double beta,
      Averaging averaging,
      boolean onPolicy) {
    this(blend, k, b, epsilonLow, epsilonHigh, c, beta, averaging, onPolicy, 0);
  }

  /// Checks the ranges.
  public Copo {
    Check.notNegative("k", k);
    Check.finite("b", b);
    Check.belowFrom("epsilon_low", 0, 1, epsilonLow);
    Check.notNegative("epsilon_high", epsilonHigh);
    Check.positive("c less 1", c - 1);
    Check.notNegative("beta", beta);
    Check.notNegative("entropy", entropy);
  }

  @Override
  public Needs needs() {
    var all = Needs.rollouts().with(ADVANTAGE, GLOBAL, ENTROPY).overTokens();
    boolean asked = blend == Blend.SOFT_WITH_ZERO || blend == Blend.ONLY_ZERO;
    var needs = asked ? all.with(REWARD) : all;
    var spread = entropy == 0 ? needs : needs.reading(Readout.ENTROPY);
    var policies = onPolicy ? spread : spread.with(OLD);
    return beta == 0 ? policies.withoutReference() : policies;
  }

  @Override
  public Loss loss(Scored batch) {
    var policy = batch.policy().units(); // [N, U]
    var mask = batch.mask();
    var old = onPolicy ? batch.constant(policy) : batch.signal(OLD);
    var ratio = Ops.atMost(policy.sub(old).mul(mask), LARGEST).exp(); // [N, U]
    var weight = weight(batch); // [N]
    var local = clipped(ratio, batch.signal(ADVANTAGE));
    var global = clipped(ratio, batch.signal(GLOBAL));
    var share = weight.unsqueeze(1); // [N, 1]
    var blended = share.mul(local).add(Ops.plus(share.neg(), 1).mul(global)); // [N, U]
    var units =
        entropy == 0
            ? blended
            : blended.sub(Ops.times(batch.readout(Readout.ENTROPY).mul(mask), entropy));
    if (beta == 0) {
      return reported(averaging.mean(units, mask), batch, weight);
    }
    var d = policy.sub(batch.reference().units()).mul(mask);
    var divergence = Ops.atMost(d.neg(), LARGEST).expm1().add(d); // [N, U]
    var loss = averaging.mean(units.add(Ops.times(divergence, beta)), mask);
    return reported(loss.metric("kl", divergence, mask), batch, weight);
  }

  private static Loss reported(Loss loss, Scored batch, Tensor weight) {
    return loss.metric("copo/local_weight", weight)
        .metric("copo/answer_entropy", batch.signal(ENTROPY));
  }

  /// What the advantage within the prompt counts for each answer, `[N]`.
  Tensor weight(Scored batch) {
    var entropy = batch.spread(batch.signal(ENTROPY)); // [N], bits
    var soft = Ops.times(Ops.plus(entropy, -b), k).sigmoid();
    return switch (blend) {
      case SOFT -> soft;
      case SOFT_WITH_FORCED -> soft.mul(divided(batch));
      case SOFT_WITH_ZERO -> soft.mul(earned(batch));
      case ONLY_FORCED -> divided(batch);
      case ONLY_ZERO -> earned(batch);
      case ONLY_GLOBAL -> torch.zeros_like(soft);
      case NONE -> torch.ones_like(soft);
    };
  }

  /// 1 where the answers of the prompt earned different rewards, `[N]`.
  private static Tensor divided(Scored batch) {
    var distance = batch.byGroup(batch.signal(ADVANTAGE).abs()).sum(1); // [G]
    return batch.spread(distance.gt(Ops.scalar(0)).to(batch.type()));
  }

  /// 1 where an answer earned something, `[N]`.
  private static Tensor earned(Scored batch) {
    return batch.signal(REWARD).ne(Ops.scalar(0)).to(batch.type());
  }

  /// `l(A)` of each token, `[N, U]`.
  private Tensor clipped(Tensor ratio, Tensor perAnswer) {
    var advantage = perAnswer.unsqueeze(1); // [N, 1]
    var near = Ops.atMost(Ops.atLeast(ratio, 1 - epsilonLow), 1 + epsilonHigh);
    var loss = ratio.mul(advantage).minimum(near.mul(advantage)).neg(); // [N, U]
    var bounded = loss.minimum(Ops.times(advantage, -c).expand_as(loss));
    return loss.where(advantage.ge(Ops.scalar(0)).expand_as(loss), bounded);
  }
}
