package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Self-play preference optimization with hard labels (Wu et al. 2024, arXiv:2405.00675, eq. 4.7
/// with win probabilities 1 and 0).
///
/// `(u_w - 1 / (2 beta))^2 + (u_l + 1 / (2 beta))^2`, with `u` the log-ratio of policy to reference
/// summed over tokens: each log-ratio has a target of its own.
///
/// Gradient with respect to `u_w`: `2 u_w - 1 / beta`, 0 at the target. At the reference the loss
/// is `1 / (2 beta^2)`.
///
/// @param beta inverse of the step of the multiplicative update (`1 / eta` in the paper), positive
public record SppoHard(double beta) implements Objective {
  /// Checks the range.
  public SppoHard {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.pairs();
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var winner = Ops.plus(batch.chosen(ratio), -0.5 / beta).square(); // [G]
    var loser = Ops.plus(batch.rejected(ratio), 0.5 / beta).square(); // [G]
    return Loss.mean(winner.add(loser)).rewards(batch, Ops.times(ratio, beta));
  }
}
