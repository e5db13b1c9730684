package io.alidade.objective;

import static org.bytedeco.pytorch.global.torch.log_sigmoid;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;

/// Efficient exact optimization on pairs (Ji et al. 2024, arXiv:2402.00856, eq. 16).
///
/// `KL(p || q)` with `p = [sigmoid(m), sigmoid(-m)]` what the policy prefers, `m` as in [Dpo], and
/// `q = [1 - e, e]` what the smoothed label prefers: the divergence is taken from the model's side,
/// where DPO takes it from the data's.
///
/// The minimum, 0, lies at `m = log((1 - e) / e)`. The gradient with respect to the margin is
/// `sigmoid(m) sigmoid(-m) (m - log((1 - e) / e))`: it fades for pairs that are ranked very
/// wrongly.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param labelSmoothing `e`, in `[0, 0.5)`; 0, where the divergence would be infinite, stands for
///   0.001, as in TRL
/// @param divergence what keeps the policy near its reference
public record ExoPair(double beta, double labelSmoothing, Divergence divergence)
    implements Objective {
  private static final double LEAST = 0.001;

  /// Checks the ranges.
  public ExoPair {
    Check.positive("beta", beta);
    Check.belowFrom("label_smoothing", 0, 0.5, labelSmoothing);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    double e = labelSmoothing == 0 ? LEAST : labelSmoothing;
    var ratio = batch.logRatio(); // [N]
    var margin = Ops.times(batch.margin(divergence.reward(ratio)), beta); // [G]
    var logWin = log_sigmoid(margin); // [G]
    var logLoss = log_sigmoid(margin.neg()); // [G]
    var win = margin.sigmoid().mul(Ops.plus(logWin, -Math.log1p(-e)));
    var lose = margin.neg().sigmoid().mul(Ops.plus(logLoss, -Math.log(e)));
    return Loss.mean(win.add(lose)).rewards(batch, Ops.times(ratio, beta));
  }
}
