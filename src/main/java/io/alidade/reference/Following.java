package io.alidade.reference;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.model.Policy;
import io.alidade.model.Scoring;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/// A frozen copy of a policy that is moved towards it: when a rule says so, and how far.
final class Following implements Moving {
  private final Policy policy;
  private final Policy copy;
  private final double alpha;
  private final long everySteps;

  /// @param alpha share of the policy in what the copy becomes, in `(0, 1]`
  /// @param everySteps steps between two moves; 0 moves at the beginning of a part alone
  Following(Policy policy, double alpha, long everySteps) {
    this.policy = policy;
    this.copy = policy.follower();
    this.alpha = alpha;
    this.everySteps = everySteps;
  }

  @Override
  public void stepped(long step) {
    if (everySteps > 0 && step % everySteps == 0) {
      copy.approach(policy, alpha);
    }
  }

  @Override
  public void anchored() {
    if (everySteps == 0) {
      copy.approach(policy, alpha);
    }
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    if (differentiable) {
      throw new IllegalStateException("a reference is not trained");
    }
    return copy.score(batch, readouts, false);
  }

  @Override
  public SequencedMap<String, Tensor> state() {
    return copy.changeable();
  }

  @Override
  public void restore(Map<String, Tensor> state) {
    copy.put(state);
  }

  @Override
  public void close() {
    copy.close();
  }
}
