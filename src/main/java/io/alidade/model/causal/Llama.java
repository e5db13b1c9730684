package io.alidade.model.causal;

import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/// Llama 2 and 3 (Touvron et al. 2023, arXiv:2307.09288; Grattafiori et al. 2024,
/// arXiv:2407.21783), and whatever was published in its form, such as SmolLM2.
///
/// Each layer: RMS norm, grouped-query attention with rotary positions, residual; RMS norm, gated
/// SiLU feed-forward, residual. Biases only where `attention_bias` and `mlp_bias` say so.
final class Llama implements Architecture {
  private final ModelConfig config;
  private final Heads heads;
  private final Attention.Settings attention;
  private final Rope rope;
  private final double epsilon;
  private final UnaryOperator<Tensor> activation;
  private final boolean attentionBias;
  private final boolean mlpBias;

  Llama(ModelConfig config) {
    this.config = config;
    heads = Heads.of(config);
    attention = new Attention.Settings(1 / Math.sqrt(heads.size()), 0, 0);
    rope = Rope.of(config, Optional.empty(), heads.size(), config.number("rope_theta", 10_000), 1);
    epsilon = config.number("rms_norm_eps", 1e-6);
    activation = Parts.activation(config, "hidden_act", "silu");
    attentionBias = config.flag("attention_bias", false);
    mlpBias = config.flag("mlp_bias", false);
  }

  @Override
  public String className() {
    return "Llama";
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
    return attention;
  }

  @Override
  public Optional<Rope> rope(int layer) {
    return Optional.of(rope);
  }

  @Override
  public SequencedMap<String, long[]> shapes() {
    return Gated.shapes(config, heads, attentionBias, attentionBias, mlpBias, Map.of());
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
    return attended.add(Gated.feedForward(pass, at + ".mlp", normed, activation, mlpBias));
  }

  private Tensor attend(Pass pass, int layer, String at, Tensor x) {
    var query = heads.split(pass.project(at + ".q_proj", x, attentionBias));
    var key = heads.split(pass.project(at + ".k_proj", x, attentionBias));
    var value = heads.split(pass.project(at + ".v_proj", x, attentionBias));
    var mixed =
        pass.attend(layer, pass.rotate(rope, query), pass.rotate(rope, key), value, attention);
    return pass.project(at + ".o_proj", mixed, attentionBias);
  }

  @Override
  public Tensor finish(Pass pass, Tensor hidden) {
    return norm(pass, "model.norm", hidden);
  }

  private Tensor norm(Pass pass, String module, Tensor x) {
    return Parts.rmsNorm(x, pass.weight(module + ".weight"), epsilon);
  }
}
