package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Contrastive preference optimization (Xu et al. 2024, arXiv:2401.08417).
///
/// `-(1 - e) log sigmoid(m) - e log sigmoid(-m) + alpha * NLL`, with `m = beta * (l(chosen) -
/// l(rejected))`, `l` the log-likelihood summed over tokens, and NLL the mean over all chosen
/// tokens of the batch. DPO with a uniform reference, held near the data by the second term.
///
/// Gradient with respect to the chosen log-likelihood: `-beta sigmoid(-m)` and `-alpha / tokens`.
///
/// @param beta scale of the reward, per nat, positive
/// @param labelSmoothing `e`, in `[0, 0.5)`
/// @param cpoAlpha weight of the likelihood of chosen answers, not negative
public record Cpo(double beta, double labelSmoothing, double cpoAlpha) implements Objective {
  /// Checks the ranges.
  public Cpo {
    Check.positive("beta", beta);
    Check.belowFrom("label_smoothing", 0, 0.5, labelSmoothing);
    Check.notNegative("cpo_alpha", cpoAlpha);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().withoutReference().overTokens();
  }

  @Override
  public Loss loss(Scored batch) {
    var reward = Ops.times(batch.policy().total(), beta); // [N]
    return Loss.mean(Logistic.smoothed(batch.margin(reward), labelSmoothing))
        .rewards(batch, reward)
        .plus(cpoAlpha, new ChosenSft().loss(batch));
  }
}
