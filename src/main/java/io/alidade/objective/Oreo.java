package io.alidade.objective;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/// Offline reasoning optimization (OREO; Wang et al. 2024, arXiv:2412.16145): policy and value
/// together fulfil the soft Bellman equation at every token of single answers that were right or
/// wrong.
///
/// With `rho_t = log pi(a_t | s_t) - log pi_ref(a_t | s_t)`, `Sigma_t` its sum from `t` to the end,
/// `V_t` the critic's value of the state before `a_t`, `R` the reward at the end and `sg` a
/// constant:
///
///     L_V  = 1/T sum_t (V_t - R + beta sg[Sigma_t])^2
///     L_pi = 1/T sum_t (sg[V_t] - R + beta rho_t + beta sg[Sigma_t - rho_t])^2 + alpha_kl mean_t KL(pi || pi_ref)
///
/// At the optimum `V*(s_t) = R - beta Sigma*_t` and both are 0. Only a token's own log-ratio carries
/// gradient, `2 beta / T (V_t - R + beta Sigma_t)`, so credit goes where the value changes. With
/// steps or whole answers as actions `rho` is the sum over the tokens of one, and a residual stands
/// at its first token. What a step gained is said twice: by the policy, `beta sum rho` over its
/// tokens, and by the critic, `V` after it less `V` before it. They differ by the difference of the
/// residuals at both ends; in the paper's searches the critic's word is the sharper one.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param alphaKl weight of the divergence over the whole vocabulary, per nat, not negative
/// @param level what an action is
/// @param right reward of a right answer
/// @param wrong reward of a wrong one
/// @param adaptive how `alphaKl` follows the divergence; without it it stays, as in all published
///   runs
/// @param averaged whether `Sigma` in the critic's target is that of a moving average of the policy,
///   which the loop keeps (`SoftBellman.average`), as an option of the authors' code has it; the
///   policy's own loss is the same
public record Oreo(
    double beta,
    double alphaKl,
    Level level,
    double right,
    double wrong,
    Optional<AdaptiveKl> adaptive,
    @Default("false") boolean averaged)
    implements Objective {
  /// What the weight of the divergence has become.
  private static final String WEIGHT = "oreo/alpha_kl";

  /// What an action is.
  public enum Level {
    /// A token.
    TOKEN,
    /// A step: the tokens of equal number in the signal `step`.
    STEP,
    /// The whole answer.
    RESPONSE
  }

  /// 1 for a right answer, 0 for a wrong one.
  static final Signal LABEL = Signal.perGroup("label");

  /// The number of the step that a token belongs to.
  static final Signal STEP = Signal.perUnit("step");

  /// Checks the ranges.
  public Oreo {
    Check.positive("beta", beta);
    Check.notNegative("alpha_kl", alphaKl);
    Check.finite("right", right);
    Check.finite("wrong", wrong);
    if (adaptive.isPresent() && alphaKl == 0) {
      throw new IllegalArgumentException("alpha_kl must be positive for an adaptive weight, was 0");
    }
  }

  /// With a weight of the divergence that stays.
  public Oreo(double beta, double alphaKl, Level level, double right, double wrong) {
    this(beta, alphaKl, level, right, wrong, Optional.empty(), /* averaged= */ false);
  }

  @Override
  public Needs needs() {
    var own = Needs.labelled().with(LABEL).reading(Readout.VALUE);
    var needs = averaged ? own.reading(Readout.RIVAL) : own;
    var regularised = alphaKl > 0 ? needs.reading(Readout.DIVERGENCE) : needs;
    var stepped = level == Level.STEP ? regularised.with(STEP) : regularised;
    return adaptive.isPresent() ? stepped.wholeBatch() : stepped; // a weight for each batch
  }

  @Override
  public Loss loss(Scored batch) {
    var mask = batch.mask(); // [N, U]
    var ratio = batch.policy().units().sub(batch.reference().units()).mul(mask); // [N, U], rho
    var suffix = suffix(batch, ratio); // [N, U], Sigma
    var label = batch.spread(batch.signal(LABEL)); // [N]
    var reward = Ops.plus(Ops.times(label, right - wrong), wrong).unsqueeze(1); // [N, 1], R
    var state = states(batch); // [N, U]
    var count = Ops.atLeast(state.sum(1), 1); // [N], T
    var value = batch.readout(Readout.VALUE); // [N, U]
    var target = reward.sub(Ops.times(suffix, beta)); // [N, U]
    var critic = value.sub(criticTarget(batch, reward, target)).square(); // [N, U]
    var valueLoss = critic.mul(state).sum(1).div(count); // [N]
    var own = action(ratio, state, mask); // [N, U], rho of the action that begins here
    var moving = own.sub(batch.constant(own)); // 0, with the action's own gradient
    var actor =
        batch
            .constant(value)
            .sub(target)
            .add(Ops.times(moving, beta))
            .square()
            .mul(state)
            .sum(1)
            .div(count); // [N]
    var loss =
        Loss.mean(valueLoss.add(actor))
            .metric("oreo/value_loss", valueLoss)
            .metric("oreo/policy_loss", actor)
            .metric("oreo/value", value, state)
            .metric("oreo/log_ratio", ratio, mask);
    if (alphaKl == 0) {
      return loss;
    }
    var divergence = batch.readout(Readout.DIVERGENCE); // [N, U]
    var mean = divergence.mul(mask).sum(1).div(Ops.atLeast(mask.sum(1), 1)); // [N]
    if (adaptive.isEmpty()) {
      return loss.plus(alphaKl, Loss.mean(mean)).metric("oreo/kl", divergence, mask);
    }
    double weight = batch.memory(WEIGHT, alphaKl);
    double found = Ops.number(mean.detach().mean());
    return loss.plus(weight, Loss.mean(mean))
        .metric("oreo/kl", divergence, mask)
        .metric(WEIGHT, Ops.plus(Ops.times(mean, 0), weight))
        .remember(WEIGHT, adaptive.get().after(weight, found, batch.groups()));
  }

  /// `R - beta Sigma` with the likelihoods that the critic's target is made of, `[N, U]`.
  private Tensor criticTarget(Scored batch, Tensor reward, Tensor target) {
    if (!averaged) {
      return target;
    }
    var ratio = batch.readout(Readout.RIVAL).sub(batch.reference().units()).mul(batch.mask());
    return reward.sub(Ops.times(suffix(batch, ratio), beta));
  }

  /// `sg[Sigma]`, `[N, U]`.
  private static Tensor suffix(Scored batch, Tensor ratio) {
    return batch.constant(ratio.flip(1).cumsum(1).flip(1));
  }

  /// 1 where an action begins, `[N, U]`.
  private Tensor states(Scored batch) {
    var mask = batch.mask();
    if (level == Level.TOKEN) {
      return mask;
    }
    var first = mask.mul(mask.cumsum(1).eq(Ops.scalar(1)).to(mask.scalar_type()));
    if (level == Level.RESPONSE) {
      return first;
    }
    var step = batch.signal(STEP); // [N, U]
    long units = mask.size(1);
    if (units < 2) {
      return first;
    }
    var changed = step.narrow(1, 1, units - 1).ne(step.narrow(1, 0, units - 1));
    var began = changed.logical_or(mask.narrow(1, 0, units - 1).eq(Ops.scalar(0)));
    var later = mask.narrow(1, 1, units - 1).mul(began.to(mask.scalar_type()));
    return Ops.concatenate(java.util.List.of(mask.narrow(1, 0, 1), later), 1);
  }

  /// The log-ratio of the whole action at each of its tokens, `[N, U]`.
  private Tensor action(Tensor ratio, Tensor state, Tensor mask) {
    return switch (level) {
      case TOKEN -> ratio;
      case RESPONSE -> ratio.sum(1).unsqueeze(1).mul(mask);
      case STEP -> {
        var number = state.cumsum(1); // [N, U]
        var same = number.unsqueeze(2).eq(number.unsqueeze(1)).to(ratio.scalar_type());
        yield same.bmm(ratio.unsqueeze(2)).squeeze(2).mul(mask); // [N, U, U] x [N, U, 1]
      }
    };
  }
}
