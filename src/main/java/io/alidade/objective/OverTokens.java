package io.alidade.objective;

import org.bytedeco.pytorch.Tensor;

/// One flat mean over all tokens of a step (DAPO, Yu et al. 2025, arXiv:2503.14476): every token
/// counts the same.
public record OverTokens() implements Averaging {
  @Override
  public Loss mean(Tensor units, Tensor mask) {
    return Loss.mean(units, mask);
  }
}
