package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;

/// Any loss of pairs, corrected for labels that are flipped at random (Chowdhury et al. 2024,
/// arXiv:2403.00409, section 3; Natarajan et al. 2013).
///
/// `((1 - e) L(chosen, rejected) - e L(rejected, chosen)) / (1 - 2 e)`: its mean over flips of rate
/// `e` is the loss on clean labels. With [Dpo] it is [RobustDpo], which has the form without
/// cancellation; with [Ipo] it is `h^2 + 1 / (4 beta^2) - h / (beta (1 - 2 e))`.
///
/// @param labelSmoothing `e`, the rate of flipped labels, in `[0, 0.5)`
/// @param objective a loss of pairs without further signals
public record NoiseCorrected(double labelSmoothing, Objective objective) implements Objective {
  /// Checks the range and that a pair can be turned round.
  public NoiseCorrected {
    Check.belowFrom("label_smoothing", 0, 0.5, labelSmoothing);
    var needs = objective.needs();
    if (!needs.onlyPairs() || !needs.signals().isEmpty()) {
      throw new IllegalArgumentException(
          "objective must learn from pairs alone, without signals, %s does not"
              .formatted(objective.getClass().getSimpleName()));
    }
  }

  @Override
  public Needs needs() {
    return objective.needs();
  }

  @Override
  public Loss loss(Scored batch) {
    double scale = 1 / (1 - 2 * labelSmoothing);
    var seen = objective.loss(batch); // last, so that its metrics are the ones reported
    return objective
        .loss(batch.swapped())
        .times(-labelSmoothing * scale)
        .plus((1 - labelSmoothing) * scale, seen);
  }
}
