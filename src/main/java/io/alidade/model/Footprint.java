package io.alidade.model;

import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.ModelConfig;
import io.alidade.model.causal.WrittenLayers;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// What a pass forward and backward takes of memory, by estimate, and how it is kept within a
/// budget.
record Footprint(
    ModelConfig config, PolicySpec spec, Architecture architecture, Parameters parameters) {
  /// Bytes of probabilities at most, those that are kept and those of a chunk; see [Projection].
  private static final long PROBABILITIES = 512L << 20;

  /// How many layers do not fit into the budget.
  ///
  /// @param packed all shares
  /// @param trainable what gathers gradients
  int repeated(List<Packed> packed, Map<String, Tensor> trainable) {
    if (spec.gradientCheckpointing()) {
      return architecture.layers();
    }
    if (spec.memory().equals(MemoryBudget.NONE)) {
      return 0;
    }
    long tokens = packed.stream().mapToLong(Packed::tokens).sum();
    long looked = packed.stream().mapToLong(p -> p.placement().needed().length).sum();
    return spec.memory()
        .repeated(
            architecture.layers(),
            tokens * keptPerToken(),
            tokens * inputPerToken(),
            held(trainable) + probabilities(looked));
  }

  /// Cuts a batch into pieces that can be gone through within the budget, where computing all
  /// layers again is not enough.
  ///
  /// @param packed the batch, as a whole
  List<Batch> pieces(Batch batch, List<Packed> packed, Map<String, Tensor> trainable) {
    boolean bounded = !spec.memory().equals(MemoryBudget.NONE);
    if (!bounded || repeated(packed, trainable) < architecture.layers()) {
      return List.of(batch);
    }
    long most = tokens(batch, trainable);
    return tokens(batch) <= most ? List.of(batch) : Pieces.of(batch, most);
  }

  /// How many tokens a piece may have.
  long tokens(Batch batch, Map<String, Tensor> trainable) {
    return spec.memory()
        .tokens(
            architecture.layers(),
            keptPerToken(),
            inputPerToken(),
            held(trainable) + probabilities(tokens(batch)));
  }

  private static long tokens(Batch batch) {
    return batch.groups().stream().mapToLong(Group::distinctTokens).sum();
  }

  private long probabilities(long looked) {
    return Math.min(2 * looked * config.vocabSize() * 4, PROBABILITIES);
  }

  /// Bytes that a layer keeps of a token.
  private long keptPerToken() {
    return size()
        * architecture.written().map(WrittenLayers::keptPerToken).orElseGet(this::recorded);
  }

  /// About how many numbers a token a recorded layer keeps: its input, both norms, queries, keys
  /// and values with their copies for attention, what it mixes, and the wide part, before and after
  /// the activation.
  private long recorded() {
    return 32L * architecture.hiddenSize();
  }

  private long inputPerToken() {
    return size() * architecture.hiddenSize();
  }

  private long size() {
    return switch (spec.precision()) {
      case FLOAT64 -> 8;
      case FLOAT32 -> 4;
      case BFLOAT16, FLOAT16 -> 2;
    };
  }

  /// Bytes of weights, of their gradients and of what an optimizer keeps of them.
  private long held(Map<String, Tensor> trainable) {
    long weights =
        parameters.base().values().stream().mapToLong(Tensor::nbytes).sum()
            + parameters.reorderings().bytes(); // of frozen ones, from drawing in between
    // Gradients, two moments, and a master copy where the weights are short, all of float32.
    long state = size() >= 4 ? 3 * size() : 2 + 12;
    return weights + trainable.values().stream().mapToLong(w -> w.numel() * state).sum();
  }
}
