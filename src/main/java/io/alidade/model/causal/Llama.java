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
  private final GroupedAttention attention;
  private final Rope rope;
  private final double epsilon;
  private final UnaryOperator<Tensor> activation;
  private final boolean mlpBias;

  Llama(ModelConfig config) {
    this.config = config;
    boolean bias = config.flag("attention_bias", false);
    attention = new GroupedAttention(Heads.of(config), bias, bias);
    rope =
        Rope.of(
            config,
            Optional.empty(),
            attention.heads().size(),
            config.number("rope_theta", 10_000),
            1);
    epsilon = config.number("rms_norm_eps", 1e-6);
    activation = Parts.activation(config, "hidden_act", "silu");
    mlpBias = config.flag("mlp_bias", false);
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public String causalClass() {
    return "LlamaForCausalLM";
  }

  @Override
  public Attention.Settings attention(int layer) {
    return Attention.Settings.of(attention.heads(), 0);
  }

  @Override
  public Optional<Rope> rope(int layer) {
    return Optional.of(rope);
  }

  @Override
  public SequencedMap<String, long[]> shapes() {
    return Gated.shapes(config, attention, mlpBias, Map.of());
  }

  @Override
  public Tensor embed(Pass pass) {
    return pass.embedTokens("model.embed_tokens.weight");
  }

  @Override
  public Tensor block(Pass pass, int layer, Tensor hidden) {
    var at = "model.layers." + layer;
    var normed = norm(pass, at + ".input_layernorm", hidden);
    var attended =
        hidden.add(
            attention.attend(
                pass,
                layer,
                at + ".self_attn",
                normed,
                rope,
                attention(layer),
                GroupedAttention.HeadNorm.NONE));
    normed = norm(pass, at + ".post_attention_layernorm", attended);
    return attended.add(Gated.feedForward(pass, at + ".mlp", normed, activation, mlpBias));
  }

  @Override
  public Tensor finish(Pass pass, Tensor hidden) {
    return norm(pass, "model.norm", hidden);
  }

  private Tensor norm(Pass pass, String module, Tensor x) {
    return Parts.rmsNorm(x, pass.weight(module + ".weight"), epsilon);
  }
}
