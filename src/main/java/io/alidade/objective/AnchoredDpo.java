package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Anchored DPO: a list of answers is matched to a target distribution by its anchored
/// log-likelihoods (ADPO, Wang 2025, arXiv:2510.18913, as its author's code defines it).
///
/// `-sum_i q_i log softmax(u)_i` with `u_i = (l_i - l_i^ref) / tau`, `l` the log-likelihood summed
/// over tokens (or their mean), and `q` the target over the K answers of a prompt. The reference is
/// the anchor: a frozen model, an average, or the policy that drew the answers; with
/// [ReferenceFree] there is none.
///
/// Gradient with respect to `l_i`: `(softmax(u)_i - q_i) / tau`. The optimum on the list is `ref *
/// q^tau`. At the anchor the loss is `ln K`. A pair with a sure label and `tau = 1 / beta` is
/// [Dpo], with label `1 - e` it is [Cdpo]; a target that is all on one answer has no finite optimum
/// unless it is smoothed.
///
/// @param tau temperature, nats, positive; larger is looser
/// @param target what the list shall look like
/// @param smoothing share of the target that is spread evenly over the list, in `[0, 1)`
/// @param lengthNormalised whether log-likelihoods are divided by the number of tokens
public record AnchoredDpo(double tau, Target target, double smoothing, boolean lengthNormalised)
    implements Objective {
  /// Stands for the logarithm of 0 where a group has fewer candidates than the largest one.
  private static final double NOBODY = -1e36;

  /// Checks the ranges.
  public AnchoredDpo {
    Check.positive("tau", tau);
    Check.belowFrom("smoothing", 0, 1, smoothing);
  }

  @Override
  public Needs needs() {
    return target.needs();
  }

  @Override
  public Loss loss(Scored batch) {
    var total = batch.logRatio(); // [N]
    var ratio = lengthNormalised ? total.div(batch.policy().length()) : total; // [N]
    var present = batch.present(); // [G, K]
    var anchored = batch.byGroup(Ops.times(ratio, 1 / tau)); // [G, K]
    var log = torch.where(present, anchored, new Scalar(NOBODY)).log_softmax(1); // [G, K]
    var wanted = smoothed(target.probabilities(batch), present); // [G, K]
    var cross = torch.where(present, wanted.mul(log), new Scalar(0.0)); // [G, K]
    return Loss.mean(cross.sum(1).neg()).rewards(batch, Ops.times(ratio, 1 / tau));
  }

  private Tensor smoothed(Tensor wanted, Tensor present) {
    if (smoothing == 0) {
      return wanted;
    }
    var places = present.to(wanted.scalar_type());
    var even = places.div(places.sum(1).unsqueeze(1)); // [G, K]
    return Ops.times(wanted, 1 - smoothing).add(Ops.times(even, smoothing));
  }
}
