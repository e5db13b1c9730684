package io.alidade.objective;

import static org.bytedeco.pytorch.global.torch.log_sigmoid;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Odds ratio preference optimization (Hong et al. 2024, arXiv:2403.07691, eq. 4 and 7).
///
/// `NLL - lambda * log sigmoid(o(chosen) - o(rejected))`, with `o = l - log(1 - exp(l))` the
/// log-odds of the mean log-likelihood `l` per token, and NLL the mean over all chosen tokens of
/// the batch. Needs no reference and no separate fine-tuning.
///
/// Gradient of the log-odds with respect to `l`: `1 / (1 - exp(l))`: steep for answers that are
/// nearly certain. `lambda = 0` is fine-tuning on the chosen answers.
///
/// @param lambda weight of the odds ratio, not negative
public record Orpo(double lambda) implements Objective {
  /// A mean log-likelihood of 0 has infinite odds; nats.
  private static final double SUREST = -1e-6;

  /// Checks the range.
  public Orpo {
    Check.notNegative("lambda", lambda);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().withoutReference().overTokens();
  }

  @Override
  public Loss loss(Scored batch) {
    var mean = batch.policy().mean(); // [N], nats per token
    var sure = Ops.atMost(mean, SUREST); // [N]
    var odds = batch.margin(sure.sub(Ops.log1mExp(sure))); // [G]
    return new ChosenSft()
        .loss(batch)
        .plus(lambda, Loss.mean(Logistic.loss(odds)))
        .rewards(batch, Ops.times(mean, lambda))
        .metric("log_odds_chosen", odds)
        .metric("log_odds_ratio", log_sigmoid(odds));
  }
}
