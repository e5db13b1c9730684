package io.alidade.model.causal;

import java.util.Collections;
import java.util.Optional;

/// Qwen2 and Qwen2.5 (Yang et al. 2024, arXiv:2407.10671, arXiv:2412.15115): Llama with biases on
/// queries, keys and values, and, where `use_sliding_window` says so, a window in the layers from
/// `max_window_layers` on.
final class Qwen2 implements DecoderFamily {
  private final ModelConfig config;
  private final Decoder decoder;

  Qwen2(ModelConfig config) {
    this.config = config;
    var attention = new GroupedAttention(Heads.of(config), true, false);
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
            /* headNorms= */ false,
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
    return "Qwen2ForCausalLM";
  }
}
