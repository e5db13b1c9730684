package io.alidade.objective;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import java.util.Set;
import org.bytedeco.pytorch.global.torch;

/// Any objective with a uniform reference in place of a frozen model: log-ratios become
/// log-likelihoods.
///
/// With the logistic loss it is the contrastive part of [Cpo]; with [Hinge] and [Ipo] the other
/// forms of CPO.
///
/// @param objective one that would need a reference
public record ReferenceFree(Objective objective) implements Objective {
  /// Checks that there is a reference to be left out.
  public ReferenceFree {
    if (!objective.needs().referenceReadouts().equals(Set.of(Readout.LOG_LIKELIHOOD))) {
      throw new IllegalArgumentException(
          "objective must need the likelihoods of a reference and nothing else of it, %s does not"
              .formatted(objective.getClass().getSimpleName()));
    }
  }

  @Override
  public Needs needs() {
    return objective.needs().withoutReference();
  }

  @Override
  public Loss loss(Scored batch) {
    return objective.loss(batch.withReference(torch.zeros_like(batch.mask())));
  }
}
