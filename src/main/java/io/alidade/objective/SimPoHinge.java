package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// The hinge form of simple preference optimization (SimPO, Meng et al. 2024, arXiv:2405.14734; an
/// option of its authors' code).
///
/// `max(0, 1 - m)` with the margin `m = beta * (l(chosen) - l(rejected)) - gamma` of [SimPo], `l`
/// the mean log-likelihood per token. Needs no reference.
///
/// Gradient with respect to the summed chosen log-likelihood: `-beta / tokens` while `m < 1`, then
/// 0: pairs that are settled are left alone, where [SimPo] never quite stops. Answers of equal mean
/// cost `1 + gamma`.
///
/// @param beta scale of the reward, per nat and token, positive
/// @param gamma target margin, reward units, not negative; the loss is 0 from `1 + gamma` on
public record SimPoHinge(double beta, double gamma) implements Objective {
  /// Checks the ranges.
  public SimPoHinge {
    Check.positive("beta", beta);
    Check.notNegative("gamma", gamma);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().withoutReference();
  }

  @Override
  public Loss loss(Scored batch) {
    var reward = Ops.times(batch.policy().mean(), beta); // [N]
    var shortfall = Ops.plus(batch.margin(reward).neg(), 1 + gamma).relu(); // [G], 1 - m
    return Loss.mean(shortfall).rewards(batch, reward);
  }
}
