package io.alidade.model.causal;

import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/// Qwen3, dense (Yang et al. 2025, arXiv:2505.09388): Llama with an RMS norm of each query and key
/// head before it is turned, and windows as Qwen2 has them.
final class Qwen3 implements Architecture {
  private final ModelConfig config;
  private final GroupedAttention attention;
  private final Rope rope;
  private final double epsilon;
  private final UnaryOperator<Tensor> activation;
  private final Windows windows;

  Qwen3(ModelConfig config) {
    this.config = config;
    boolean bias = config.flag("attention_bias", false);
    attention = new GroupedAttention(Heads.of(config, Optional.of(128)), bias, bias);
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
    return "Qwen3ForCausalLM";
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
    var perHead = new long[] {attention.heads().size()};
    return Gated.shapes(
        config,
        attention,
        false,
        Map.of("self_attn.q_norm.weight", perHead, "self_attn.k_norm.weight", perHead));
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
                (module, heads) -> norm(pass, module, heads)));
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
