package io.alidade.batch;

import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/// Log-likelihood of each unit of each candidate.
///
/// @param units `[N, U]`, nats; whatever stands where the mask is 0 is ignored
/// @param mask `[N, U]`, 1 for a unit that counts and 0 elsewhere, of the same type as `units`
public record Likelihood(Tensor units, Tensor mask) {
  /// Sum over the units of each candidate, `[N]`, nats.
  public Tensor total() {
    return units.mul(mask).sum(1);
  }

  /// Mean over the units of each candidate, `[N]`, nats; 0 for a candidate without units.
  public Tensor mean() {
    return total().div(length());
  }

  /// Number of units of each candidate, `[N]`, at least 1.
  public Tensor length() {
    return Ops.atLeast(mask.sum(1), 1);
  }
}
