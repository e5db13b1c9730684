package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;

/// Kahneman–Tversky optimization (Ethayarajh et al. 2024, arXiv:2402.01306): from single answers
/// that are each labelled desirable or not.
///
/// `w * (1 - sigmoid(s * beta * (u - z0)))`, with `u` the log-ratio of policy to reference summed
/// over tokens, `s` and `w` being `+1` and the desirable weight or `-1` and the undesirable weight.
/// `z0 = max(0, mean of u over mismatched completions)` estimates the divergence of the policy from
/// its reference and carries no gradient. The mismatched completion is the second candidate of each
/// group, the completion of another example behind this prompt; a data strategy appends it.
///
/// Gradient with respect to the log-likelihood: `-w s beta v (1 - v)` with `v = sigmoid(s beta (u -
/// z0))`: it fades both for examples that are settled and for those that are hopeless. At the
/// reference the loss is `w / 2`. `z0` is a mean over the batch, so a batch is not split.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param desirableWeight weight of desirable examples, not negative
/// @param undesirableWeight weight of undesirable examples, not negative
public record Kto(double beta, double desirableWeight, double undesirableWeight)
    implements Objective {
  /// 1 for a desirable answer, 0 for an undesirable one.
  static final Signal LABEL = Signal.perGroup("label");

  /// Checks the ranges.
  public Kto {
    Check.positive("beta", beta);
    Check.notNegative("desirable_weight", desirableWeight);
    Check.notNegative("undesirable_weight", undesirableWeight);
  }

  @Override
  public Needs needs() {
    return Needs.labelled().candidates(2).with(LABEL).wholeBatch();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var answer = batch.candidate(ratio, 0); // [G]
    var baseline = batch.constant(Ops.atLeast(batch.candidate(ratio, 1).mean(), 0)); // scalar
    var label = batch.signal(LABEL); // [G]
    var sign = Ops.plus(Ops.times(label, 2), -1); // [G], +1 or -1
    var value = answer.sub(baseline).mul(sign); // [G], nats above what is expected
    var weight = Ops.plus(Ops.times(label, desirableWeight - undesirableWeight), undesirableWeight);
    return Loss.mean(weight.mul(Ops.times(value, -beta).sigmoid()))
        .labelledRewards(Ops.times(answer, beta), label)
        .metric("kl", baseline);
  }
}
