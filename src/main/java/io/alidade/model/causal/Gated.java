package io.alidade.model.causal;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// Names and shapes of the weights of families in Llama's form.
final class Gated {
  private Gated() {}

  /// Names and shapes of a decoder with separate projections.
  ///
  /// @param mlpBias whether the feed-forward has them
  /// @param more further tensors of each layer, by name inside the layer
  static SequencedMap<String, long[]> shapes(
      ModelConfig config, GroupedAttention attention, boolean mlpBias, Map<String, long[]> more) {
    var heads = attention.heads();
    boolean inputBias = attention.inputBias();
    long hidden = config.integer("hidden_size");
    long inner = config.integer("intermediate_size");
    var shapes = new LinkedHashMap<String, long[]>();
    shapes.put("model.embed_tokens.weight", new long[] {config.vocabSize(), hidden});
    for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
      var at = "model.layers." + i + ".";
      linear(shapes, at + "self_attn.q_proj", heads.queryWidth(), hidden, inputBias);
      linear(shapes, at + "self_attn.k_proj", heads.keyValueWidth(), hidden, inputBias);
      linear(shapes, at + "self_attn.v_proj", heads.keyValueWidth(), hidden, inputBias);
      linear(shapes, at + "self_attn.o_proj", hidden, heads.queryWidth(), attention.outputBias());
      linear(shapes, at + "mlp.gate_proj", inner, hidden, mlpBias);
      linear(shapes, at + "mlp.up_proj", inner, hidden, mlpBias);
      linear(shapes, at + "mlp.down_proj", hidden, inner, mlpBias);
      shapes.put(at + "input_layernorm.weight", new long[] {hidden});
      shapes.put(at + "post_attention_layernorm.weight", new long[] {hidden});
      more.forEach((name, shape) -> shapes.put(at + name, shape));
    }
    shapes.put("model.norm.weight", new long[] {hidden});
    return shapes;
  }

  /// A linear module `[out, in]`.
  static void linear(
      SequencedMap<String, long[]> shapes, String module, long out, long in, boolean biased) {
    shapes.put(module + ".weight", new long[] {out, in});
    if (biased) {
      shapes.put(module + ".bias", new long[] {out});
    }
  }
}
