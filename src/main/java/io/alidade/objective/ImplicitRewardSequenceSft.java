package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// [ImplicitRewardSft] with one reward for a whole answer (Wang et al. 2025, arXiv:2507.00018, with
/// the normaliser set to 0): cheaper, since it needs likelihoods only.
///
/// `-phi(beta u)`, with `u` the log-ratio of policy to reference summed over tokens and `phi` as in
/// [ImplicitRewardSft.Shape].
///
/// Gradient with respect to the log-likelihood: `-beta phi'(beta u)`: that of fine-tuning at the
/// reference, less above it.
///
/// @param beta strength of the penalty, reward units per nat, positive
/// @param divergence between the demonstrations and what the policy would do
public record ImplicitRewardSequenceSft(double beta, ImplicitRewardSft.Shape divergence)
    implements Objective {
  /// Checks the range.
  public ImplicitRewardSequenceSft {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.demonstrations().withReference();
  }

  @Override
  public Loss loss(Scored batch) {
    var reward = Ops.times(batch.logRatio(), beta); // [N]
    return Loss.mean(divergence.phi(reward).neg()).metric("rewards/chosen", reward);
  }
}
