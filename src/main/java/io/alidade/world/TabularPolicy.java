package io.alidade.world;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.model.Scoring;
import io.alidade.model.TensorFiles;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// A policy over a handful of answers, one token each, with a logit of its own for every prompt and
/// answer: a world whose optimum is known in closed form. float64.
public final class TabularPolicy implements WithoutDropout {
  private final Owned logits;

  /// Prompts are numbered by their first token.
  public TabularPolicy(double[][] logits) {
    int prompts = logits.length;
    int answers = logits[0].length;
    var flat = new double[prompts * answers];
    for (int p = 0; p < prompts; p++) {
      System.arraycopy(logits[p], 0, flat, p * answers, answers);
    }
    this.logits = Owned.keep(Grad.leaf(Ops.doubles(flat, prompts, answers)));
  }

  /// A policy with these probabilities of the answers to one prompt.
  public static TabularPolicy of(double... probabilities) {
    var logits = probabilities.clone();
    java.util.Arrays.setAll(logits, i -> Math.log(probabilities[i]));
    return new TabularPolicy(new double[][] {logits});
  }

  /// Opens what [#checkpoint(Path)] wrote.
  public static TabularPolicy open(Path folder) {
    try (var _ = new Step()) {
      var file = folder.resolve("model.safetensors");
      var tensor = TensorFiles.read(file).get("logits");
      if (tensor == null) {
        throw new IllegalStateException(file + " holds no logits");
      }
      var values = Ops.toDoubles(tensor);
      int answers = (int) tensor.size(1);
      var rows = new double[(int) tensor.size(0)][answers];
      for (int i = 0; i < values.length; i++) {
        rows[i / answers][i % answers] = values[i];
      }
      return new TabularPolicy(rows);
    }
  }

  /// A pair of answers to a prompt.
  public static Group pair(int prompt, int chosen, int rejected, int row) {
    return new Group(
        new Example.Row("world", row),
        new int[] {prompt},
        List.of(Completion.of(chosen), Completion.of(rejected)),
        Map.of());
  }

  /// Probabilities of the answers to a prompt.
  public double[] probabilities(int prompt) {
    try (var _ = new Step()) {
      return Grad.off(() -> Ops.toDoubles(torch.softmax(logits.tensor().select(0, prompt), 0)));
    }
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    return new FiniteScoring(
        batch,
        readouts,
        differentiable,
        prompts -> logits.tensor().index_select(0, Ops.indices(prompts)));
  }

  @Override
  public SequencedMap<String, Tensor> trainable() {
    var map = new LinkedHashMap<String, Tensor>();
    map.put("logits", logits.tensor());
    return map;
  }

  @Override
  public void close() {
    logits.close();
  }
}
