package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/// Multi-objective DPO (MODPO, Zhou et al. 2023, arXiv:2310.03708): pairs of one objective, and
/// rewards of the others for each answer.
///
/// `-log sigmoid(r(chosen) - r(rejected))` with `r = (beta u - sum_i w_i r_i) / w`, `u` the
/// log-ratio of policy to reference summed over tokens, `w` the weight of the objective that the
/// pairs express and `r_i` the rewards of the others. Fitting `r` to the pairs makes `beta u` the
/// weighted sum of all rewards, so one run a weighting gives a front of policies.
///
/// Gradient with respect to the chosen log-likelihood: `-beta / w * sigmoid(-(r_w - r_l))`. A term
/// of the prompt alone cancels in every reward. `w = 1` with no others is [Dpo]; [ModpoHinge] has
/// the hinge in place of the logistic loss.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param weight `w`, positive
/// @param others `w_i` by the name of the signal that holds `r_i` for each answer
public record Modpo(double beta, double weight, Map<String, Double> others) implements Objective {
  /// Checks the ranges.
  public Modpo {
    Check.positive("beta", beta);
    Check.positive("weight", weight);
    others.forEach((name, w) -> Check.finite("others." + name, w));
    others = java.util.Collections.unmodifiableMap(new TreeMap<>(others)); // one order of summation
  }

  @Override
  public Needs needs() {
    return Needs.pairs()
        .with(others.keySet().stream().map(Signal::perCandidate).toArray(Signal[]::new));
  }

  @Override
  public Loss loss(Scored batch) {
    var own = reward(batch); // [N]
    return Loss.mean(Logistic.loss(batch.margin(own))).rewards(batch, own);
  }

  /// `r`, what the policy says of the objective that the pairs express, `[N]`.
  Tensor reward(Scored batch) {
    var reward = Ops.times(batch.logRatio(), beta); // [N]
    for (var other : others.entrySet()) {
      var known = batch.signal(Signal.perCandidate(other.getKey())); // [N]
      reward = reward.sub(Ops.times(known, other.getValue()));
    }
    return Ops.times(reward, 1 / weight);
  }
}
