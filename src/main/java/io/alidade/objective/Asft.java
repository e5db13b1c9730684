package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Aligned supervised fine-tuning through absolute likelihood (ASFT, Wang et al. 2024,
/// arXiv:2409.10571).
///
/// `-l_w + lambda * (-log sigmoid(o_w) - log sigmoid(-o_l))`, with `l` the mean log-likelihood per
/// token and `o = l - log(1 - exp(l))` its log-odds. Since `sigmoid(o) = exp(l)`, this is `-(1 +
/// lambda) l_w - lambda log(1 - exp(l_l))`, which is computed. Needs no reference.
///
/// Gradients: `-(1 + lambda)` with respect to `l_w`, always; `lambda p / (1 - p)` with `p =
/// exp(l_l)` with respect to `l_l`: a rejected answer is let go once it is unlikely. The two sides
/// are independent, so it does not matter which answers form a pair.
///
/// @param lambda weight of the alignment term, not negative
public record Asft(double lambda) implements Objective {
  /// A rejected answer of mean log-likelihood 0 would cost infinitely much; nats.
  private static final double SUREST = -1e-6;

  /// Checks the range.
  public Asft {
    Check.notNegative("lambda", lambda);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().withoutReference();
  }

  @Override
  public Loss loss(Scored batch) {
    var mean = batch.policy().mean(); // [N], nats per token
    var chosen = batch.chosen(mean).neg(); // [G]
    var rejected = Ops.log1mExp(Ops.atMost(batch.rejected(mean), SUREST)).neg(); // [G]
    return Loss.mean(Ops.times(chosen, 1 + lambda).add(Ops.times(rejected, lambda)))
        .rewards(batch, mean)
        .metric("asft/chosen_term", chosen)
        .metric("asft/rejected_term", rejected)
        .metric("asft/p_chosen", batch.chosen(mean).exp())
        .metric("asft/p_rejected", batch.rejected(mean).exp());
  }
}
