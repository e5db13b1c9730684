package io.alidade.model.causal;

import java.util.Collections;
import java.util.Optional;

/// Mistral 7B (Jiang et al. 2023, arXiv:2310.06825): Llama in which each token sees a window of
/// `sliding_window` tokens, itself included.
final class Mistral implements DecoderFamily {
  private final ModelConfig config;
  private final Decoder decoder;

  Mistral(ModelConfig config) {
    this.config = config;
    var attention = new GroupedAttention(Heads.of(config), false, false);
    var rope =
        Rope.of(
            config,
            Optional.empty(),
            attention.heads().size(),
            config.number("rope_theta", 10_000),
            1);
    int window = config.integerOrNone("sliding_window", 4096);
    decoder =
        new Decoder(
            attention,
            Collections.nCopies(layers(), Attention.Settings.of(attention.heads(), window)),
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
    return "MistralForCausalLM";
  }
}
