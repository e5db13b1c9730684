package io.alidade.model.causal;

import java.util.Collections;
import java.util.Optional;

/// Llama 2 and 3 (Touvron et al. 2023, arXiv:2307.09288; Grattafiori et al. 2024,
/// arXiv:2407.21783), and whatever was published in its form, such as SmolLM2.
///
/// Each layer: RMS norm, grouped-query attention with rotary positions, residual; RMS norm, gated
/// SiLU feed-forward, residual. Biases only where `attention_bias` and `mlp_bias` say so.
final class Llama implements DecoderFamily {
  private final ModelConfig config;
  private final Decoder decoder;

  Llama(ModelConfig config) {
    this.config = config;
    boolean bias = config.flag("attention_bias", false);
    var attention = new GroupedAttention(Heads.of(config), bias, bias);
    var rope =
        Rope.of(
            config,
            Optional.empty(),
            attention.heads().size(),
            config.number("rope_theta", 10_000),
            1);
    decoder =
        new Decoder(
            attention,
            Collections.nCopies(layers(), Attention.Settings.of(attention.heads(), 0)),
            Collections.nCopies(layers(), rope),
            new RmsNorm(config.number("rms_norm_eps", 1e-6), /* fromOne= */ false),
            Parts.activation(config, "hidden_act", "silu"),
            /* mlpBias= */ config.flag("mlp_bias", false),
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
    return "LlamaForCausalLM";
  }
}
