package io.alidade.model.causal;

import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/// Qwen2 and Qwen2.5 (Yang et al. 2024, arXiv:2407.10671, arXiv:2412.15115): Llama with biases on
/// queries, keys and values, and, where `use_sliding_window` says so, a window in the layers from
/// `max_window_layers` on.
final class Qwen2 implements Architecture {
  private final ModelConfig config;
  private final GroupedAttention attention;
  private final Rope rope;
  private final double epsilon;
  private final UnaryOperator<Tensor> activation;
  private final Windows windows;

  Qwen2(ModelConfig config) {
    this.config = config;
    attention = new GroupedAttention(Heads.of(config), true, false);
    rope =
        Rope.of(
            config,
            Optional.empty(),
            attention.heads().size(),
            config.number("rope_theta", 10_000),
            1);
    epsilon = config.number("rms_norm_eps", 1e-6);
    activation = Parts.activation(config, "hidden_act", "silu");
    windows = Windows.ofQwen(config);
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public String causalClass() {
    return "Qwen2ForCausalLM";
  }

  @Override
  public Attention.Settings attention(int layer) {
    return Attention.Settings.of(attention.heads(), windows.of(layer));
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
