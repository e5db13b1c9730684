package io.alidade.model.causal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/// GPT-NeoX (Black et al. 2022, arXiv:2204.06745) and Pythia (Biderman et al. 2023,
/// arXiv:2304.01373).
///
/// Attention and feed-forward read the same residual stream, each through a layer norm of its own,
/// and are added together (`use_parallel_residual`). Part of each head is turned (`rotary_pct`).
/// Rows of the joint matrix go head by head: its query, its key, its value.
final class GptNeox implements Architecture {
  private final ModelConfig config;
  private final Heads heads;
  private final Rope rope;
  private final double epsilon;
  private final Activation activation;
  private final boolean parallel;
  private final boolean attentionBias;

  GptNeox(ModelConfig config) {
    this.config = config;
    int count = config.integer("num_attention_heads");
    int hidden = config.integer("hidden_size");
    if (hidden % count != 0) {
      throw config.bad(
          "hidden_size", "is %d, which %d heads do not divide".formatted(hidden, count));
    }
    heads = new Heads(count, count, hidden / count);
    rope =
        Rope.of(
            config,
            Optional.empty(),
            heads.size(),
            config.number("rotary_emb_base", config.number("rope_theta", 10_000)),
            config.number("rotary_pct", config.number("partial_rotary_factor", 0.25)));
    epsilon = config.number("layer_norm_eps", 1e-5);
    activation = Parts.activation(config, "hidden_act", "gelu");
    parallel = config.flag("use_parallel_residual", true);
    attentionBias = config.flag("attention_bias", true);
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public String causalClass() {
    return "GPTNeoXForCausalLM";
  }

  @Override
  public Names names() {
    return new Names("gpt_neox.", "gpt_neox.embed_in.weight", "embed_out.weight");
  }

  @Override
  public List<String> adapterTargets() {
    return List.of("query_key_value");
  }

  @Override
  public Attention.Settings attention(int layer) {
    return Attention.Settings.of(heads, 0);
  }

  @Override
  public Optional<Rope> rope(int layer) {
    return Optional.of(rope);
  }

  @Override
  public SequencedMap<String, long[]> shapes() {
    long hidden = hiddenSize();
    long inner = config.integer("intermediate_size", 4 * hiddenSize());
    var shapes = new LinkedHashMap<String, long[]>();
    shapes.put("gpt_neox.embed_in.weight", new long[] {config.vocabSize(), hidden});
    for (int i = 0; i < layers(); i++) {
      var at = "gpt_neox.layers." + i + ".";
      norm(shapes, at + "input_layernorm", hidden);
      norm(shapes, at + "post_attention_layernorm", hidden);
      Gated.linear(shapes, at + "attention.query_key_value", 3 * hidden, hidden, attentionBias);
      Gated.linear(shapes, at + "attention.dense", hidden, hidden, attentionBias);
      Gated.linear(shapes, at + "mlp.dense_h_to_4h", inner, hidden, true);
      Gated.linear(shapes, at + "mlp.dense_4h_to_h", hidden, inner, true);
    }
    norm(shapes, "gpt_neox.final_layer_norm", hidden);
    return shapes;
  }

  private static void norm(SequencedMap<String, long[]> shapes, String module, long width) {
    shapes.put(module + ".weight", new long[] {width});
    shapes.put(module + ".bias", new long[] {width});
  }

  @Override
  public Tensor embed(Pass pass) {
    return pass.embedTokens("gpt_neox.embed_in.weight");
  }

  @Override
  public Tensor block(Pass pass, int layer, Tensor hidden) {
    var at = "gpt_neox.layers." + layer;
    var normed = Parts.layerNorm(pass, at + ".input_layernorm", hidden, epsilon);
    var attended = hidden.add(attend(pass, layer, at + ".attention", normed));
    var base = parallel ? hidden : attended;
    normed = Parts.layerNorm(pass, at + ".post_attention_layernorm", base, epsilon);
    var inner = activation.of(pass.project(at + ".mlp.dense_h_to_4h", normed, true));
    return attended.add(pass.project(at + ".mlp.dense_4h_to_h", inner, true));
  }

  private Tensor attend(Pass pass, int layer, String at, Tensor x) {
    long size = heads.size();
    var joint =
        pass.project(at + ".query_key_value", x, attentionBias)
            .view(x.size(0), heads.query(), 3 * size); // [T, heads, 3 * d]
    var mixed =
        pass.attend(
            layer,
            pass.rotate(rope, joint.narrow(2, 0, size)),
            pass.rotate(rope, joint.narrow(2, size, size)),
            joint.narrow(2, 2 * size, size),
            attention(layer));
    return pass.project(at + ".dense", mixed, attentionBias);
  }

  @Override
  public Tensor finish(Pass pass, Tensor hidden) {
    return Parts.layerNorm(pass, "gpt_neox.final_layer_norm", hidden, epsilon);
  }
}
