package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;

/// Reward modelling from pairs (Bradley and Terry 1952; Ouyang et al. 2022, arXiv:2203.02155;
/// margin: Touvron et al. 2023, arXiv:2307.09288; centring: Eisenstein et al. 2023,
/// arXiv:2312.09244).
///
/// `-log sigmoid(r(chosen) - r(rejected) - margin) + c * (r(chosen) + r(rejected))^2`, with `r` the
/// output of a reward head. The margin is a number of the data, 0 without one.
///
/// Gradients with respect to the two rewards are equal and opposite but for the centring term,
/// which pulls the mean of a pair to 0. Rewards that tie cost `ln 2` without margin.
///
/// @param margin whether each pair carries a `margin` in reward units that its rewards must exceed
/// @param centerRewardsCoefficient weight of the centring term, per squared reward unit, not
///   negative
public record BradleyTerry(boolean margin, double centerRewardsCoefficient) implements Objective {
  /// By how much the chosen reward shall exceed the rejected one, reward units.
  static final Signal MARGIN = Signal.perGroup("margin");

  /// Checks the range.
  public BradleyTerry {
    Check.notNegative("center_rewards_coefficient", centerRewardsCoefficient);
  }

  @Override
  public Needs needs() {
    var needs = Needs.pairs().withoutReference().readingOnly(Readout.REWARD);
    return margin ? needs.with(MARGIN) : needs;
  }

  @Override
  public Loss loss(Scored batch) {
    var outputs = batch.readout(Readout.REWARD); // [N, 1]
    if (outputs.size(1) != 1) {
      throw new IllegalStateException(
          "a reward head with one output is needed, this one has " + outputs.size(1));
    }
    var reward = outputs.select(1, 0); // [N]
    var chosen = batch.chosen(reward); // [G]
    var rejected = batch.rejected(reward); // [G]
    var difference = chosen.sub(rejected); // [G]
    var excess = margin ? difference.sub(batch.signal(MARGIN)) : difference; // [G]
    var loss = Logistic.loss(excess); // [G]
    return Loss.mean(
            centerRewardsCoefficient == 0
                ? loss
                : loss.add(Ops.times(chosen.add(rejected).square(), centerRewardsCoefficient)))
        .metric("min_reward", reward.min())
        .metric("mean_reward", reward)
        .metric("max_reward", reward.max())
        .metric("accuracy", difference.gt(Ops.scalar(0)).to(difference.scalar_type()))
        .metric("margin", difference);
  }
}
