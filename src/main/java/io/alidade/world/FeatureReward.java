package io.alidade.world;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.model.Scoring;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/// A reward that a perceptron computes from features: a candidate's only token is the number of its
/// row of features, which tell of prompt and answer together. float64.
public final class FeatureReward implements WithoutDropout {
  private static final int PASS = 2048;

  private final FeaturePolicy network;

  private FeatureReward(FeaturePolicy network) {
    this.network = network;
  }

  /// A reward with random weights.
  ///
  /// @param rows features of each row, `[R][F]`
  /// @param hidden widths of the hidden layers
  public static FeatureReward random(List<double[]> rows, RandomGenerator random, int... hidden) {
    var features = new double[rows.size()][1][];
    for (int r = 0; r < features.length; r++) {
      features[r][0] = rows.get(r);
    }
    return new FeatureReward(FeaturePolicy.random(features, 1, random, hidden));
  }

  /// A reward with the same weights, on its own.
  public FeatureReward copy() {
    return new FeatureReward(network.copy());
  }

  /// The rewards of some rows.
  public double[] rewards(int... rows) {
    var rewards = new double[rows.length];
    for (int from = 0; from < rows.length; from += PASS) {
      var part = java.util.Arrays.copyOfRange(rows, from, Math.min(rows.length, from + PASS));
      try (var _ = new Step()) {
        var logits = network.logits(part); // [P][1]
        for (int i = 0; i < part.length; i++) {
          rewards[from + i] = logits[i][0];
        }
      }
    }
    return rewards;
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    var alone = new ArrayList<Group>();
    for (var group : batch.groups()) {
      for (var candidate : group.candidates()) {
        alone.add(
            new Group(
                group.row(),
                new int[] {candidate.tokens()[0]},
                List.of(Completion.of(0)),
                Map.of()));
      }
    }
    return network.score(new Batch(alone), readouts, differentiable);
  }

  @Override
  public SequencedMap<String, Tensor> trainable() {
    return network.trainable();
  }

  @Override
  public void checkpoint(Path folder) {
    network.checkpoint(folder);
  }

  @Override
  public void close() {
    network.close();
  }
}
