package io.alidade.model.causal;

import java.util.Optional;

/// Gemma 3, the text model (Gemma Team 2025, arXiv:2503.19786).
///
/// As Gemma 2, with a norm of each query and key head instead of bounded scores. Five layers see a
/// window and one sees everything; the former turn heads with a base of their own and no scaling.
final class Gemma3Text implements DecoderFamily {
  private final ModelConfig config;
  private final Decoder decoder;

  Gemma3Text(ModelConfig config) {
    this.config = config;
    if (config.flag("use_bidirectional_attention", false)) {
      throw config.bad(
          "use_bidirectional_attention",
          "is true: an encoder, which gives no likelihoods of continuations");
    }
    boolean bias = config.flag("attention_bias", false);
    var attention = new GroupedAttention(Heads.of(config, Optional.of(256)), bias, bias);
    int period = config.integer("sliding_window_pattern", 6);
    var windows =
        Windows.of(
            config,
            config.integerOrNone("sliding_window", 4096),
            layer -> (layer + 1) % period != 0);
    int size = attention.heads().size();
    double base = config.number("rope_theta", 1_000_000);
    double localBase = config.number("rope_local_base_freq", 10_000);
    var global = Rope.of(config, Optional.of("full_attention"), size, base, 1);
    var local = Rope.of(config, Optional.of("sliding_attention"), size, localBase, 1);
    double scale = 1 / Math.sqrt(config.number("query_pre_attn_scalar", 256));
    decoder =
        new Decoder(
            attention,
            windows.settings(scale, 0),
            windows.sliding().stream().map(slides -> slides ? local : global).toList(),
            new RmsNorm(config.number("rms_norm_eps", 1e-6), /* fromOne= */ true),
            Parts.activation(config, "hidden_activation", "gelu_pytorch_tanh"),
            /* mlpBias= */ false,
            /* headNorms= */ true,
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
    return "Gemma3ForCausalLM";
  }

  @Override
  public String classifierClass() {
    return "Gemma3TextForSequenceClassification";
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
    return config.numberOrNone("final_logit_softcapping", 0);
  }
}
