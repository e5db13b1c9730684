package io.alidade.model.causal;

import java.util.Collections;
import java.util.Optional;

/// Qwen3, dense (Yang et al. 2025, arXiv:2505.09388): Llama with an RMS norm of each query and key
/// head before it is turned, and windows as Qwen2 has them.
final class Qwen3 implements DecoderFamily {
  private final ModelConfig config;
  private final Decoder decoder;

  Qwen3(ModelConfig config) {
    this.config = config;
    boolean bias = config.flag("attention_bias", false);
    var attention = new GroupedAttention(Heads.of(config, Optional.of(128)), bias, bias);
    var rope =
        Rope.of(
            config,
            Optional.empty(),
            attention.heads().size(),
            config.number("rope_theta", 10_000),
            1);
    var windows = Windows.ofQwen(config);
    decoder =
        new Decoder(
            attention,
            windows.settings(attention.heads()),
            Collections.nCopies(layers(), rope),
            new RmsNorm(config.number("rms_norm_eps", 1e-6), /* fromOne= */ false),
            Parts.activation(config, "hidden_act", "silu"),
            /* mlpBias= */ false,
            /* headNorms= */ true,
            /* sandwich= */ false,
            hiddenSize(),
            config.integer("intermediate_size"),
            /* embeddingScale= */ 1);
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public Decoder layersInForm() {
    return decoder;
  }

  @Override
  public String causalClass() {
    return "Qwen3ForCausalLM";
  }
}
