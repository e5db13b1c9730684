package io.alidade.model.causal;

import java.util.Collections;
import java.util.Optional;

/// Gemma 2 (Gemma Team 2024, arXiv:2408.00118).
///
/// Embeddings are scaled by the square root of the hidden size. Each layer: norm, attention, norm,
/// residual; norm, gated GELU feed-forward, norm, residual. Norm weights count from 1. Layers see a
/// window and everything by turns, the first one a window. Attention scores and final logits are
/// bounded by `cap * tanh(x / cap)`.
final class Gemma2 implements DecoderFamily {
  private final ModelConfig config;
  private final Decoder decoder;

  Gemma2(ModelConfig config) {
    this.config = config;
    boolean bias = config.flag("attention_bias", false);
    var attention = new GroupedAttention(Heads.of(config, Optional.of(256)), bias, bias);
    var rope =
        Rope.of(
            config,
            Optional.empty(),
            attention.heads().size(),
            config.number("rope_theta", 10_000),
            1);
    var windows =
        Windows.of(config, config.integerOrNone("sliding_window", 4096), layer -> layer % 2 == 0);
    double scale = 1 / Math.sqrt(config.number("query_pre_attn_scalar", 256));
    double cap = config.numberOrNone("attn_logit_softcapping", 50);
    decoder =
        new Decoder(
            attention,
            windows.settings(scale, cap),
            Collections.nCopies(layers(), rope),
            new RmsNorm(config.number("rms_norm_eps", 1e-6), /* fromOne= */ true),
            Parts.activation(config, "hidden_activation", "gelu_pytorch_tanh"),
            /* mlpBias= */ false,
            /* headNorms= */ false,
            /* sandwich= */ true,
            hiddenSize(),
            config.integer("intermediate_size"),
            /* embeddingScale= */ Math.sqrt((double) hiddenSize()));
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
    return "Gemma2ForCausalLM";
  }

  @Override
  public boolean tied() {
    return config.flag("tie_word_embeddings", true);
  }

  @Override
  public double freshNorm() {
    return 0;
  }

  @Override
  public double logitCap() {
    return config.numberOrNone("final_logit_softcapping", 30);
  }
}
