package io.alidade.objective;

import io.alidade.batch.Likelihood;
import org.bytedeco.pytorch.Tensor;

/// The mean over answers of the mean over the tokens of each (GRPO, Shao et al. 2024,
/// arXiv:2402.03300, eq. 3): every answer counts the same, so the tokens of long ones count less.
public record OverSequences() implements Averaging {
  @Override
  public Loss mean(Tensor units, Tensor mask) {
    return Loss.mean(new Likelihood(units, mask).mean());
  }
}
