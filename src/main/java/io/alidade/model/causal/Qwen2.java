package io.alidade.model.causal;

import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/// Qwen2 and Qwen2.5 (Yang et al. 2024, arXiv:2407.10671, arXiv:2412.15115).
///
/// As Llama, with biases on queries, keys and values, and, where `use_sliding_window` says so, a
/// window in the layers from `max_window_layers` on.
final class Qwen2 implements Architecture {
  private final ModelConfig config;
  private final Heads heads;
  private final Windows windows;
  private final Rope rope;
  private final double epsilon;
  private final UnaryOperator<Tensor> activation;

  Qwen2(ModelConfig config) {
    this.config = config;
    heads = Heads.of(config);
    windows = Windows.ofQwen(config);
    rope = Rope.of(config, Optional.empty(), heads.size(), config.number("rope_theta", 10_000), 1);
    epsilon = config.number("rms_norm_eps", 1e-6);
    activation = Parts.activation(config, "hidden_act", "silu");
  }

  @Override
  public String className() {
    return "Qwen2";
  }

  @Override
  public int layers() {
    return config.integer("num_hidden_layers");
  }

  @Override
  public int hiddenSize() {
    return config.integer("hidden_size");
  }

  @Override
  public boolean tied() {
    return config.flag("tie_word_embeddings", false);
  }

  @Override
  public Attention.Settings attention(int layer) {
    return new Attention.Settings(1 / Math.sqrt(heads.size()), windows.of(layer), 0);
  }

  @Override
  public Optional<Rope> rope(int layer) {
    return Optional.of(rope);
  }

  @Override
  public SequencedMap<String, long[]> shapes() {
    return Gated.shapes(config, heads, true, false, false, Map.of());
  }

  @Override
  public Tensor embed(Pass pass) {
    return pass.embedTokens("model.embed_tokens.weight");
  }

  @Override
  public Tensor block(Pass pass, int layer, Tensor hidden) {
    var at = "model.layers." + layer;
    var normed = norm(pass, at + ".input_layernorm", hidden);
    var attended = hidden.add(attend(pass, layer, at + ".self_attn", normed));
    normed = norm(pass, at + ".post_attention_layernorm", attended);
    return attended.add(Gated.feedForward(pass, at + ".mlp", normed, activation, false));
  }

  private Tensor attend(Pass pass, int layer, String at, Tensor x) {
    var query = heads.split(pass.project(at + ".q_proj", x, true));
    var key = heads.split(pass.project(at + ".k_proj", x, true));
    var value = heads.split(pass.project(at + ".v_proj", x, true));
    var mixed =
        pass.attend(
            layer, pass.rotate(rope, query), pass.rotate(rope, key), value, attention(layer));
    return pass.project(at + ".o_proj", mixed, false);
  }

  @Override
  public Tensor finish(Pass pass, Tensor hidden) {
    return norm(pass, "model.norm", hidden);
  }

  private Tensor norm(Pass pass, String module, Tensor x) {
    return Parts.rmsNorm(x, pass.weight(module + ".weight"), epsilon);
  }
}
