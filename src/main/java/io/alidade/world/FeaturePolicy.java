package io.alidade.world;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.model.Scoring;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/// A policy over finitely many answers whose logits a small network computes from features, so that
/// what it learns of one answer moves others: a multilayer perceptron with rectified hidden layers,
/// or a linear map if there are none. float64.
///
/// Features are a table for each prompt. With one row a prompt and several outputs, the outputs are
/// the answers; with a row for each answer and one output, the rows are.
public final class FeaturePolicy implements WithoutDropout {
  private final Owned features; // [P, R, F]
  private final List<Owned> weights; // [out, in] and [out] by turns
  private final int answers;

  private FeaturePolicy(Owned features, List<Owned> weights, int answers) {
    this.features = features;
    this.weights = List.copyOf(weights);
    this.answers = answers;
  }

  /// A policy with random weights, uniform within one over the root of the number of inputs.
  ///
  /// @param features `[P][R][F]`; prompts are numbered by their first token
  /// @param outputs answers a row of features
  /// @param hidden widths of the hidden layers, possibly none
  public static FeaturePolicy random(
      double[][][] features, int outputs, RandomGenerator random, int... hidden) {
    int inputs = features[0][0].length;
    var weights = new ArrayList<Owned>();
    try (var _ = new Step()) {
      int from = inputs;
      for (int layer = 0; layer <= hidden.length; layer++) {
        int to = layer < hidden.length ? hidden[layer] : outputs;
        double reach = 1 / Math.sqrt(from);
        weights.add(leaf(random.doubles((long) from * to, -reach, reach).toArray(), to, from));
        weights.add(leaf(random.doubles(to, -reach, reach).toArray(), to));
        from = to;
      }
      return new FeaturePolicy(table(features), weights, features[0].length * outputs);
    }
  }

  /// A linear policy with these weights and no bias to speak of.
  ///
  /// @param features `[P][A][F]`
  /// @param weights `[F]`
  public static FeaturePolicy linear(double[][][] features, double... weights) {
    try (var _ = new Step()) {
      return new FeaturePolicy(
          table(features),
          List.of(leaf(weights, 1, weights.length), leaf(new double[1], 1)),
          features[0].length);
    }
  }

  /// A policy with the same weights, on its own.
  public FeaturePolicy copy() {
    try (var _ = new Step()) {
      return new FeaturePolicy(
          Owned.keep(features.tensor()),
          weights.stream().map(w -> Owned.keep(Grad.leaf(w.tensor().detach().clone()))).toList(),
          answers);
    }
  }

  private static Owned leaf(double[] values, long... shape) {
    return Owned.keep(Grad.leaf(Ops.doubles(values, shape)));
  }

  private static Owned table(double[][][] features) {
    int rows = features[0].length;
    int width = features[0][0].length;
    var flat = new double[features.length * rows * width];
    int at = 0;
    for (var prompt : features) {
      for (var row : prompt) {
        System.arraycopy(row, 0, flat, at, width);
        at += width;
      }
    }
    return Owned.keep(Ops.doubles(flat, features.length, rows, width));
  }

  /// `[P] → [P, A]`.
  private Tensor compute(int[] prompts) {
    var layer = features.tensor().index_select(0, Ops.indices(prompts)); // [P, R, F]
    for (int i = 0; i < weights.size(); i += 2) {
      layer = layer.matmul(weights.get(i).tensor().t()).add(weights.get(i + 1).tensor());
      if (i + 2 < weights.size()) {
        layer = layer.relu();
      }
    }
    return layer.reshape(prompts.length, answers);
  }

  /// Probabilities of the answers to some prompts, `[P][A]`.
  public double[][] probabilities(int... prompts) {
    return answers(prompts, true);
  }

  /// Logits of the answers to some prompts, `[P][A]`.
  public double[][] logits(int... prompts) {
    return answers(prompts, false);
  }

  private double[][] answers(int[] prompts, boolean normalised) {
    try (var _ = new Step()) {
      var flat =
          Grad.off(() -> {
            var logits = compute(prompts);
            return Ops.toDoubles(normalised ? logits.softmax(1) : logits);
          });
      var table = new double[prompts.length][];
      for (int p = 0; p < prompts.length; p++) {
        table[p] = java.util.Arrays.copyOfRange(flat, p * answers, (p + 1) * answers);
      }
      return table;
    }
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    return new FiniteScoring(batch, readouts, differentiable, this::compute);
  }

  @Override
  public SequencedMap<String, Tensor> trainable() {
    var map = new LinkedHashMap<String, Tensor>();
    for (int i = 0; i < weights.size(); i++) {
      map.put(
          "layer.%d.%s".formatted(i / 2, i % 2 == 0 ? "weight" : "bias"), weights.get(i).tensor());
    }
    return map;
  }

  @Override
  public void close() {
    features.close();
    weights.forEach(Owned::close);
  }
}
