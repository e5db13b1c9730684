package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Fine-tuning as the learning of an implicit reward, with the penalty that plain fine-tuning loses
/// (Wang et al. 2025, "Implicit reward as the bridge", arXiv:2507.00018, with logits as values of
/// actions).
///
/// `-1/beta * sum_t (phi(r_t) - V_1) / (number of tokens)`, with `Q_t = beta (z_t - z_t^ref)` from
/// the logits of the tokens that were there, `V_t = beta (LSE_t - LSE_t^ref)` from the log-sum-exp
/// of all logits, `r_t = Q_t - V_(t+1)` and `V = 0` behind the last token. `phi` belongs to the
/// divergence between demonstrations and policy; `phi(0) = 0` and `phi'(0) = 1`, so that training
/// starts like plain fine-tuning and then counts tokens less that are already far above the
/// reference.
///
/// The linear `phi` of total variation makes the values cancel: that is [Sft], which needs no
/// reference.
///
/// @param beta strength of the penalty, reward units per nat, positive
/// @param divergence between the demonstrations and what the policy would do
public record ImplicitRewardSft(double beta, Shape divergence) implements Objective {
  /// A divergence by its concave `phi`. Where `phi` has a pole or grows without bound, it goes on
  /// linearly below a point.
  public enum Shape {
    /// Pearson: `x - x^2 / 4`.
    CHI2(Double.NEGATIVE_INFINITY),
    /// Squared Hellinger: `x / (1 + x)`, linear below -0.5.
    HELLINGER(-0.5),
    /// Jensen–Shannon: `log(2 - exp(-x))`, linear below -0.5.
    JS(-0.5),
    /// Shifted reverse Kullback–Leibler: `1 - exp(-x)`, linear below -3.
    RKL(-3);

    private final double edge;

    Shape(double edge) {
      this.edge = edge;
    }

    /// `phi(x)`, element-wise.
    Tensor phi(Tensor x) {
      if (edge == Double.NEGATIVE_INFINITY) {
        return x.sub(Ops.times(x.square(), 0.25));
      }
      var inside = Ops.atLeast(x, edge);
      var below = Ops.atMost(Ops.plus(x, -edge), 0);
      var value =
          switch (this) {
            case CHI2 -> throw new IllegalStateException("has no edge");
            case HELLINGER -> inside.div(Ops.plus(inside, 1));
            case JS -> Ops.plus(inside.neg().exp().neg(), 1).log1p();
            case RKL -> inside.neg().expm1().neg();
          };
      return value.add(Ops.times(below, slope()));
    }

    private double slope() {
      return switch (this) {
        case CHI2 -> 1;
        case HELLINGER -> 1 / ((1 + edge) * (1 + edge));
        case JS -> Math.exp(-edge) / (2 - Math.exp(-edge));
        case RKL -> Math.exp(-edge);
      };
    }
  }

  /// Checks the range.
  public ImplicitRewardSft {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.demonstrations()
        .reading(Readout.LOG_NORMALIZER)
        .referenceReading(Readout.LOG_LIKELIHOOD, Readout.LOG_NORMALIZER)
        .overTokens();
  }

  @Override
  public Loss loss(Scored batch) {
    var mask = batch.mask(); // [N, U]
    var normalizer =
        batch
            .readout(Readout.LOG_NORMALIZER)
            .sub(batch.referenceReadout(Readout.LOG_NORMALIZER)); // [N, U], both log-sum-exps
    var ratio = batch.policy().units().sub(batch.reference().units()); // [N, U]
    var action = Ops.times(ratio.add(normalizer), beta); // [N, U], Q
    var state = Ops.times(normalizer, beta).mul(mask); // [N, U], V, 0 outside
    var reward = action.sub(shifted(state, 1)); // [N, U], r
    // The value of the first state of each stretch of counted tokens; there is one, but for
    // conversations of several turns.
    var first = mask.sub(mask.mul(shifted(mask, -1)));
    var gain = divergence.phi(reward).sub(first.mul(state)); // [N, U]
    return Loss.mean(Ops.times(gain, -1 / beta), mask)
        .metric("nll_loss", batch.policy().units().neg(), mask)
        .metric("rewards/chosen", Ops.times(batch.logRatio(), beta));
  }

  /// Each column takes the place of the one before it (`by = 1`) or behind it (`by = -1`); zeros
  /// come in.
  private static Tensor shifted(Tensor table, int by) {
    long units = table.size(1);
    var nothing = torch.zeros_like(table.narrow(1, 0, 1));
    return Ops.concatenate(
        by > 0
            ? List.of(table.narrow(1, 1, units - 1), nothing)
            : List.of(nothing, table.narrow(1, 0, units - 1)),
        1);
  }
}
