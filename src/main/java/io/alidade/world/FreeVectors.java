package io.alidade.world;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.model.Scoring;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/// A reward model that knows answers by their number alone: a free vector for each, so that what a
/// loss over vectors can express shows without a network. An answer is one token. float64.
public final class FreeVectors implements WithoutDropout {
  private final Owned vectors; // [A, D]

  /// Normal vectors.
  ///
  /// @param answers how many
  /// @param dimension of each vector
  /// @param spread standard deviation
  public FreeVectors(int answers, int dimension, double spread, RandomGenerator random) {
    var values = new double[answers * dimension];
    java.util.Arrays.setAll(values, _ -> spread * random.nextGaussian());
    try (var _ = new Step()) {
      vectors = Owned.keep(Grad.leaf(Ops.doubles(values, answers, dimension)));
    }
  }

  /// All vectors, `[A][D]`.
  public double[][] values() {
    try (var _ = new Step()) {
      var flat = Grad.off(() -> Ops.toDoubles(vectors.tensor()));
      int width = (int) vectors.tensor().size(1);
      var rows = new double[flat.length / width][];
      java.util.Arrays.setAll(
          rows, a -> java.util.Arrays.copyOfRange(flat, a * width, (a + 1) * width));
      return rows;
    }
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    if (!readouts.equals(Set.of(Readout.REWARD))) {
      throw new IllegalStateException("vectors alone report a reward, not " + readouts);
    }
    var answers =
        batch.groups().stream()
            .flatMap(group -> group.candidates().stream())
            .mapToInt(candidate -> candidate.tokens()[0])
            .toArray();
    var graph =
        differentiable ? Optional.of(Grad.on(() -> rows(answers))) : Optional.<Tensor>empty();
    var plain = graph.map(Tensor::detach).orElseGet(() -> Grad.off(() -> rows(answers)));
    return new Scoring() {
      @Override
      public Map<Readout, Tensor> outputs() {
        return Map.of(Readout.REWARD, plain);
      }

      @Override
      public void backward(Map<Readout, Tensor> gradients) {
        var by = gradients.get(Readout.REWARD);
        if (by != null) {
          Grad.backward(List.of(graph.orElseThrow()), List.of(by));
        }
      }
    };
  }

  private Tensor rows(int[] answers) {
    return vectors.tensor().index_select(0, Ops.indices(answers)); // [N, D]
  }

  @Override
  public SequencedMap<String, Tensor> trainable() {
    var map = new LinkedHashMap<String, Tensor>();
    map.put("vectors", vectors.tensor());
    return map;
  }

  @Override
  public void close() {
    vectors.close();
  }
}
