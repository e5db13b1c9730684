package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;

/// Direct preference optimization (Rafailov et al. 2023, arXiv:2305.18290, eq. 7; with other
/// divergences Wang et al. 2023, arXiv:2309.16240).
///
/// `-log sigmoid(beta * (f'(chosen) - f'(rejected)))`, with `f'` a function of the log-ratio of
/// policy to reference, summed over the tokens of a completion. For the reverse KL divergence `f'`
/// is the log-ratio itself.
///
/// Gradient with respect to the chosen log-likelihood: `-beta * sigmoid(-margin)`; with respect to
/// the rejected one the opposite. Pairs that are ranked wrongly weigh more. At the reference itself
/// the loss is `ln 2`.
///
/// The rewards reported are `beta` times the plain log-ratio whatever the divergence, as TRL
/// reports them.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param divergence what keeps the policy near its reference
public record Dpo(double beta, Divergence divergence) implements Objective {
  /// Checks the range.
  public Dpo {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var margin = Ops.times(batch.margin(divergence.reward(ratio)), beta); // [G]
    return Loss.mean(Logistic.loss(margin)).rewards(batch, Ops.times(ratio, beta));
  }
}
