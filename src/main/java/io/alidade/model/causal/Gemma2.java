package io.alidade.model.causal;

import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/// Gemma 2 (Gemma Team 2024, arXiv:2408.00118).
///
/// Embeddings are scaled by the square root of the hidden size. Each layer: norm, attention, norm,
/// residual; norm, gated GELU feed-forward, norm, residual. Norm weights count from 1. Layers see a
/// window and everything by turns, the first one a window. Attention scores and final logits are
/// bounded by `cap * tanh(x / cap)`.
final class Gemma2 implements Architecture {
  private final ModelConfig config;
  private final GroupedAttention attention;
  private final Windows windows;
  private final Rope rope;
  private final double scale;
  private final double epsilon;
  private final UnaryOperator<Tensor> activation;

  Gemma2(ModelConfig config) {
    this.config = config;
    boolean bias = config.flag("attention_bias", false);
    attention = new GroupedAttention(Heads.of(config, Optional.of(256)), bias, bias);
    windows =
        Windows.of(config, config.integerOrNone("sliding_window", 4096), layer -> layer % 2 == 0);
    rope =
        Rope.of(
            config,
            Optional.empty(),
            attention.heads().size(),
            config.number("rope_theta", 10_000),
            1);
    scale = 1 / Math.sqrt(config.number("query_pre_attn_scalar", 256));
    epsilon = config.number("rms_norm_eps", 1e-6);
    activation = Parts.activation(config, "hidden_activation", "gelu_pytorch_tanh");
  }

  @Override
  public ModelConfig config() {
    return config;
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
  public double logitCap() {
    return config.numberOrNone("final_logit_softcapping", 30);
  }

  @Override
  public Attention.Settings attention(int layer) {
    return new Attention.Settings(
        scale, windows.of(layer), config.numberOrNone("attn_logit_softcapping", 50));
  }

  @Override
  public Optional<Rope> rope(int layer) {
    return Optional.of(rope);
  }

  @Override
  public SequencedMap<String, long[]> shapes() {
    var width = new long[] {hiddenSize()};
    return Gated.shapes(
        config,
        attention,
        false,
        Map.of(
            "pre_feedforward_layernorm.weight", width, "post_feedforward_layernorm.weight", width));
  }

  @Override
  public Tensor embed(Pass pass) {
    return Parts.scaled(
        pass.embedTokens("model.embed_tokens.weight"), Math.sqrt((double) hiddenSize()));
  }

  @Override
  public Tensor block(Pass pass, int layer, Tensor hidden) {
    var at = "model.layers." + layer;
    var mixed =
        attention.attend(
            pass,
            layer,
            at + ".self_attn",
            norm(pass, at + ".input_layernorm", hidden),
            rope,
            attention(layer),
            GroupedAttention.HeadNorm.NONE);
    var attended = hidden.add(norm(pass, at + ".post_attention_layernorm", mixed));
    var fed =
        Gated.feedForward(
            pass,
            at + ".mlp",
            norm(pass, at + ".pre_feedforward_layernorm", attended),
            activation,
            false);
    return attended.add(norm(pass, at + ".post_feedforward_layernorm", fed));
  }

  @Override
  public double freshNorm() {
    return 0;
  }

  @Override
  public Tensor finish(Pass pass, Tensor hidden) {
    return norm(pass, "model.norm", hidden);
  }

  private Tensor norm(Pass pass, String module, Tensor x) {
    return Parts.rmsNormFromOne(x, pass.weight(module + ".weight"), epsilon);
  }
}
