package io.alidade.model;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import java.util.Set;

/// A policy with its adapter off: the reference of a run that trains an adapter. Closing it does
/// nothing; the weights are the policy's.
final class BelowAdapter implements Scorer, Fingerprinted {
  private final Policy policy;
  private final String content;

  BelowAdapter(Policy policy) {
    this.policy = policy;
    content = policy.fingerprintBelow();
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    if (differentiable) {
      throw new IllegalStateException("the weights below an adapter are not trained");
    }
    return policy.scoreBelow(batch, readouts);
  }

  @Override
  public String fingerprint() {
    return content;
  }

  @Override
  public void close() {}
}
