package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.global.torch;

/// Length-desensitised likelihoods for pairs (LD-DPO, Liu et al. 2024, arXiv:2409.06411).
///
/// In policy and reference alike, the log-likelihoods of the tokens beyond the length of the
/// shorter answer are multiplied by `alpha`, so that the longer answer gains less by its length;
/// then any objective follows. `alpha = 1` changes nothing, `alpha = 0` cuts both answers to the
/// same length.
///
/// @param alpha weight of the tokens beyond the shared length, in `[0, 1]`
/// @param objective what is computed from the changed likelihoods
public record LengthDesensitised(double alpha, Objective objective) implements Objective {
  /// Checks the range and that there are pairs.
  public LengthDesensitised {
    Check.between("alpha", 0, 1, alpha);
    if (!objective.needs().onlyPairs()) {
      throw new IllegalArgumentException(
          "objective must learn from pairs alone, was " + objective.getClass().getSimpleName());
    }
  }

  @Override
  public Needs needs() {
    return objective.needs();
  }

  @Override
  public Loss loss(Scored batch) {
    var length = batch.mask().sum(1); // [N]
    var shared = batch.spread(batch.chosen(length).minimum(batch.rejected(length))); // [N]
    var beyond = batch.mask().cumsum(1).gt(shared.unsqueeze(1)); // [N, U]
    var one = torch.ones_like(batch.mask());
    return objective.loss(batch.scaled(torch.where(beyond, Ops.times(one, alpha), one)));
  }
}
