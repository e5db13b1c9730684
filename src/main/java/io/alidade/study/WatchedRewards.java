package io.alidade.study;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.model.Scoring;
import io.alidade.model.Trainee;
import io.alidade.tensor.Ops;
import java.nio.file.Path;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/// A policy used as a reward model, with the largest sum of the gradients at the two outputs of a
/// pair that has come by.
record WatchedRewards(Trainee policy, double[] largest) implements Trainee {
  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    var scoring = policy.score(batch, readouts, differentiable);
    return new Scoring() {
      @Override
      public Map<Readout, Tensor> outputs() {
        return scoring.outputs();
      }

      @Override
      public void backward(Map<Readout, Tensor> gradients) {
        var reward = gradients.get(Readout.REWARD);
        if (reward == null) {
          throw new IllegalStateException("no gradient of the rewards");
        }
        var values = Ops.toDoubles(reward);
        for (int i = 0; i < values.length; i += 2) {
          largest[0] = Math.max(largest[0], Math.abs(values[i] + values[i + 1]));
        }
        scoring.backward(gradients);
      }
    };
  }

  @Override
  public SequencedMap<String, Tensor> trainable() {
    return policy.trainable();
  }

  @Override
  public void training(boolean on) {
    policy.training(on);
  }

  @Override
  public void checkpoint(Path folder) {
    policy.checkpoint(folder);
  }

  @Override
  public byte[] randomState() {
    return policy.randomState();
  }

  @Override
  public void restoreRandomState(byte[] state) {
    policy.restoreRandomState(state);
  }

  @Override
  public void close() {}
}
