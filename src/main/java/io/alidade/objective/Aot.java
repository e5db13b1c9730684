package io.alidade.objective;

import static org.bytedeco.pytorch.global.torch.msort;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Distributional preference alignment via optimal transport, paired form (Melnyk et al. 2024,
/// arXiv:2406.05882, section 3, "paired").
///
/// The margins `l(chosen) - l(rejected)` of a batch are sorted, those of the reference are sorted
/// too, and the i-th smallest of the one is compared with the i-th smallest of the other: `-(1 - e)
/// log sigmoid(beta d_i) - e log sigmoid(-beta d_i)`. The distribution of margins shall dominate
/// that of the reference, whichever pairs they come from.
///
/// A batch is sorted as a whole, so it is not split. A batch of one pair gives [Cdpo].
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param labelSmoothing `e`, in `[0, 0.5)`
public record Aot(double beta, double labelSmoothing) implements Objective {
  /// Checks the ranges.
  public Aot {
    Check.positive("beta", beta);
    Check.belowFrom("label_smoothing", 0, 0.5, labelSmoothing);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().wholeBatch();
  }

  @Override
  public Loss loss(Scored batch) {
    var policy = msort(batch.margin(batch.policy().total())); // [G]
    var reference = msort(batch.margin(batch.reference().total())); // [G]
    return Loss.mean(Logistic.smoothed(Ops.times(policy.sub(reference), beta), labelSmoothing))
        .rewards(batch, Ops.times(batch.logRatio(), beta));
  }
}
