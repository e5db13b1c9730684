package io.alidade.objective;

import static org.bytedeco.pytorch.global.torch.msort;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Distributional preference alignment via optimal transport, unpaired form (Melnyk et al. 2024,
/// arXiv:2406.05882, section 3, "unpaired").
///
/// The log-ratios of the chosen answers of a batch are sorted, those of the rejected ones too, and
/// the i-th smallest of the one is compared with the i-th smallest of the other: `-(1 - e) log
/// sigmoid(beta d_i) - e log sigmoid(-beta d_i)`. Which rejected answer belongs to which chosen one
/// does not matter.
///
/// A batch is sorted as a whole, so it is not split. A batch of one pair gives [Cdpo].
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param labelSmoothing `e`, in `[0, 0.5)`
public record AotUnpaired(double beta, double labelSmoothing) implements Objective {
  /// Checks the ranges.
  public AotUnpaired {
    Check.positive("beta", beta);
    Check.belowFrom("label_smoothing", 0, 0.5, labelSmoothing);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().wholeBatch();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var difference = msort(batch.chosen(ratio)).sub(msort(batch.rejected(ratio))); // [G]
    return Loss.mean(Logistic.smoothed(Ops.times(difference, beta), labelSmoothing))
        .rewards(batch, Ops.times(ratio, beta));
  }
}
