package io.alidade.model.causal;

import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/// Mistral 7B (Jiang et al. 2023, arXiv:2310.06825): Llama in which each token sees a window of
/// `sliding_window` tokens, itself included.
final class Mistral implements Architecture {
  private final ModelConfig config;
  private final GroupedAttention attention;
  private final Rope rope;
  private final double epsilon;
  private final UnaryOperator<Tensor> activation;
  private final int window;

  Mistral(ModelConfig config) {
    this.config = config;
    attention = new GroupedAttention(Heads.of(config), false, false);
    rope =
        Rope.of(
            config,
            Optional.empty(),
            attention.heads().size(),
            config.number("rope_theta", 10_000),
            1);
    epsilon = config.number("rms_norm_eps", 1e-6);
    activation = Parts.activation(config, "hidden_act", "silu");
    window = config.integerOrNone("sliding_window", 4096);
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public String causalClass() {
    return "MistralForCausalLM";
  }

  @Override
  public Attention.Settings attention(int layer) {
    return Attention.Settings.of(attention.heads(), window);
  }

  @Override
  public Optional<Rope> rope(int layer) {
    return Optional.of(rope);
  }

  @Override
  public SequencedMap<String, long[]> shapes() {
    return Gated.shapes(config, attention, false, Map.of());
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
    return attended.add(Gated.feedForward(pass, at + ".mlp", normed, activation, false));
  }

  @Override
  public Tensor finish(Pass pass, Tensor hidden) {
    return norm(pass, "model.norm", hidden);
  }

  private Tensor norm(Pass pass, String module, Tensor x) {
    return Parts.rmsNorm(x, pass.weight(module + ".weight"), epsilon);
  }
}
