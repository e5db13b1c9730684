package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;

/// DPO with log-ratios per token (length-normalised DPO, Tulu 3, Lambert et al. 2024,
/// arXiv:2411.15124).
///
/// `-log sigmoid(beta * (score of chosen / its tokens - score of rejected / its tokens))`, with the
/// score as in [Dpo]. A long answer earns no margin by its length alone.
///
/// Gradient with respect to the chosen log-likelihood: `-beta sigmoid(-margin) / tokens`. Answers
/// of one token give [Dpo].
///
/// @param beta strength of the constraint, reward units per nat and token, positive; much larger
///   than DPO's for the same effect
/// @param divergence what keeps the policy near its reference
public record SigmoidNorm(double beta, Divergence divergence) implements Objective {
  /// Checks the range.
  public SigmoidNorm {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var score = divergence.reward(ratio).div(batch.policy().length()); // [N], nats per token
    return Loss.mean(Logistic.loss(Ops.times(batch.margin(score), beta)))
        .rewards(batch, Ops.times(ratio, beta));
  }
}
