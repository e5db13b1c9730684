package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;

/// Regularised preference optimization: DPO with a likelihood term that is implicitly an
/// adversarial regulariser (RPO, Liu et al. 2024, arXiv:2405.16436), with the chosen answers as its
/// baseline.
///
/// `-log sigmoid(m) - eta beta l_w` with the margin `m` as in [Dpo] and `l_w` the chosen
/// log-likelihood summed over tokens ([Form#SUM_BETA]), or `-log sigmoid(m) - eta l_w / tokens`
/// ([Form#MEAN]). For one flat mean over all chosen tokens of a batch, mix [Dpo] and [ChosenSft].
///
/// Gradient with respect to the chosen log-likelihood: `-beta (sigmoid(-m) + eta)` in the first
/// form: it never fades, which keeps both likelihoods from sinking together. That with respect to
/// the rejected one is DPO's. `eta = 0` is [Dpo].
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param eta weight of the likelihood of the chosen answer, not negative
/// @param sftForm how that likelihood is measured
/// @param divergence what keeps the policy near its reference
public record RegularizedPo(double beta, double eta, Form sftForm, Divergence divergence)
    implements Objective {
  /// How the likelihood of the chosen answer enters.
  public enum Form {
    /// Summed over its tokens and times `beta`, as in the paper.
    SUM_BETA,
    /// Mean over its tokens, as in the authors' later code.
    MEAN
  }

  /// Checks the ranges.
  public RegularizedPo {
    Check.positive("beta", beta);
    Check.notNegative("eta", eta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var margin = Ops.times(batch.margin(divergence.reward(ratio)), beta); // [G]
    var anchor =
        switch (sftForm) {
          case SUM_BETA -> Ops.times(batch.policy().total(), beta);
          case MEAN -> batch.policy().mean();
        }; // [N]
    var chosen = batch.chosen(anchor); // [G]
    return Loss.mean(Logistic.loss(margin).sub(Ops.times(chosen, eta)))
        .rewards(batch, Ops.times(ratio, beta))
        .metric("nll_loss", batch.chosen(batch.policy().mean()).neg())
        .metric("loss/weight", margin.neg().sigmoid());
  }
}
