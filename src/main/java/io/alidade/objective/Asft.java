package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/// Aligned supervised fine-tuning through absolute likelihood (ASFT, Wang et al. 2024,
/// arXiv:2409.10571).
///
/// `-l_w + lambda * (-log sigmoid(b o_w) - log sigmoid(-b o_l))`, with `l` the mean log-likelihood
/// per token, `o = l - log(1 - exp(l))` its log-odds and `b` a temperature, 1 in the paper. At `b =
/// 1`, since `sigmoid(o) = exp(l)`, this is `-(1 + lambda) l_w - lambda log(1 - exp(l_l))`, which
/// is then computed. Needs no reference.
///
/// Gradients at `b = 1`: `-(1 + lambda)` with respect to `l_w`, always; `lambda p / (1 - p)` with
/// `p = exp(l_l)` with respect to `l_l`: a rejected answer is let go once it is unlikely. In
/// general `-1 - lambda b sigmoid(-b o_w) / (1 - exp(l_w))` and `lambda b sigmoid(b o_l) / (1 -
/// p)`. The two sides are independent, so it does not matter which answers form a pair.
///
/// @param lambda weight of the alignment term, not negative
/// @param innerBeta `b`, how sharply odds decide, positive; 1 in the paper
public record Asft(double lambda, double innerBeta) implements Objective {
  /// An answer of mean log-likelihood 0 would have infinite odds; nats.
  private static final double SUREST = -1e-6;

  /// Checks the ranges.
  public Asft {
    Check.notNegative("lambda", lambda);
    Check.positive("inner_beta", innerBeta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().withoutReference();
  }

  @Override
  public Loss loss(Scored batch) {
    var mean = batch.policy().mean(); // [N], nats per token
    var chosen = batch.chosen(mean); // [G]
    var raised = raised(chosen); // [G]
    var lowered = lowered(batch.rejected(mean)); // [G]
    return Loss.mean(Ops.times(raised.add(lowered), lambda).sub(chosen))
        .rewards(batch, mean)
        .metric("asft/chosen_term", raised)
        .metric("asft/rejected_term", lowered)
        .metric("asft/p_chosen", Ops.atMost(chosen, 0).exp())
        .metric("asft/p_rejected", Ops.atMost(batch.rejected(mean), 0).exp());
  }

  /// `-log sigmoid(b o)`, `[G]`.
  private Tensor raised(Tensor mean) {
    return innerBeta == 1 ? mean.neg() : Logistic.loss(Ops.times(logOdds(mean), innerBeta));
  }

  /// `-log sigmoid(-b o)`, `[G]`.
  private Tensor lowered(Tensor mean) {
    return innerBeta == 1
        ? logOfRest(mean).neg()
        : Logistic.loss(Ops.times(logOdds(mean), -innerBeta));
  }

  private static Tensor logOdds(Tensor mean) {
    return mean.sub(logOfRest(mean));
  }

  /// `log(1 - exp(l))`.
  private static Tensor logOfRest(Tensor mean) {
    return Ops.log1mExp(Ops.atMost(mean, SUREST));
  }
}
