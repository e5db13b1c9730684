package io.alidade.model.causal;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/// A family of causal transformers: the names and shapes of its weights, and its layers as
/// functions of packed tokens. The record or class of a family bears the name of its `model_type`
/// and has a constructor that takes a [ModelConfig]; nothing else needs to know it.
public interface Architecture {
  /// Where the weights of the outside world are found.
  ///
  /// @param base what all names of the trunk start with, `model.`
  /// @param embedding the table of token embeddings
  /// @param head the projection to the vocabulary
  record Names(String base, String embedding, String head) {
    /// As most families name them.
    static final Names USUAL = new Names("model.", "model.embed_tokens.weight", "lm_head.weight");
  }

  /// What it was made from.
  ModelConfig config();

  /// Number of layers.
  default int layers() {
    return config().integer("num_hidden_layers");
  }

  /// Width of the hidden states.
  default int hiddenSize() {
    return config().integer("hidden_size");
  }

  /// Names of embedding and head.
  default Names names() {
    return Names.USUAL;
  }

  /// Every tensor below the head, by its name in a causal checkpoint, with its shape.
  SequencedMap<String, long[]> shapes();

  /// Whether the head is the embedding table.
  default boolean tied() {
    return config().flag("tie_word_embeddings", false);
  }

  /// Longest sequence that the model can read at all, if positions are learned.
  default Optional<Integer> positionLimit() {
    return Optional.empty();
  }

  /// Whether linear weights are stored `[in, out]`.
  default boolean transposed() {
    return false;
  }

  /// Names of the linear modules of the layers, in order: what an adapter can reach.
  default List<String> linearModules() {
    return shapes().entrySet().stream()
        .filter(entry -> entry.getValue().length == 2)
        .map(Map.Entry::getKey)
        .filter(name -> name.matches(".*\\.\\d+\\..*\\.weight")) // inside a layer
        .map(name -> name.substring(0, name.length() - ".weight".length()))
        .toList();
  }

  /// Linear modules of a layer that have the same input and are asked for together.
  default List<List<String>> siblings(int layer) {
    return List.of();
  }

  /// What PEFT adapts where nothing is said.
  default List<String> adapterTargets() {
    return List.of("q_proj", "v_proj");
  }

  /// What the weights of norms are before any training: 1, or 0 where they are counted from 1.
  default double freshNorm() {
    return 1;
  }

  /// Logits `z` become `cap * tanh(z / cap)`; 0 for none.
  default double logitCap() {
    return 0;
  }

  /// The class that `transformers` loads it with as a language model.
  String causalClass();

  /// The class that `transformers` loads it with as a reward model.
  default String classifierClass() {
    return causalClass().replace("ForCausalLM", "ForSequenceClassification");
  }

  /// How a layer attends.
  Attention.Settings attention(int layer);

  /// How a layer rotates queries and keys, if it does.
  Optional<Rope> rope(int layer);

  /// Whether sequences of these lengths, in tokens, turn alike, so that they may share a prompt.
  default boolean sameRotation(int oneSpan, int otherSpan) {
    for (int layer = 0; layer < layers(); layer++) {
      var rope = rope(layer);
      if (rope.isPresent() && rope.get().regime(oneSpan) != rope.get().regime(otherSpan)) {
        return false;
      }
    }
    return true;
  }

  /// Whether a sequence that is drawn token by token is read again from its start when it comes to
  /// this length, in tokens. Where it is not, what was read of it keeps its rotation.
  default boolean readsAgain(int span) {
    return false;
  }

  /// Hidden states before the first layer, `[T, hidden]`.
  Tensor embed(Pass pass);

  /// One layer, `[T, hidden]` to `[T, hidden]`.
  Tensor block(Pass pass, int layer, Tensor hidden);

  /// The layers with a backward pass of their own, where the family has one; others are
  /// differentiated by the library.
  default Optional<WrittenLayers> written() {
    return Optional.empty();
  }

  /// What stands between the last layer and the head, `[T, hidden]` to `[T, hidden]`.
  Tensor finish(Pass pass, Tensor hidden);
}
