package io.alidade.model.causal;

import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/// Gemma 3, the text model (Gemma Team 2025, arXiv:2503.19786).
///
/// As Gemma 2, with a norm of each query and key head instead of bounded scores. Five layers see a
/// window and one sees everything; the former turn heads with a base of their own and no scaling.
final class Gemma3Text implements Architecture {
  private final ModelConfig config;
  private final GroupedAttention attention;
  private final Windows windows;
  private final Rope global;
  private final Rope local;
  private final double scale;
  private final double epsilon;
  private final UnaryOperator<Tensor> activation;

  Gemma3Text(ModelConfig config) {
    this.config = config;
    if (config.flag("use_bidirectional_attention", false)) {
      throw config.bad(
          "use_bidirectional_attention",
          "is true: an encoder, which gives no likelihoods of continuations");
    }
    boolean bias = config.flag("attention_bias", false);
    attention = new GroupedAttention(Heads.of(config, Optional.of(256)), bias, bias);
    int period = config.integer("sliding_window_pattern", 6);
    windows =
        Windows.of(
            config,
            config.integerOrNone("sliding_window", 4096),
            layer -> (layer + 1) % period != 0);
    int size = attention.heads().size();
    double base = config.number("rope_theta", 1_000_000);
    double localBase = config.number("rope_local_base_freq", 10_000);
    global = Rope.of(config, Optional.of("full_attention"), size, base, 1);
    local =
        config.present("rope_parameters")
            ? Rope.of(config, Optional.of("sliding_attention"), size, localBase, 1)
            : Rope.plain(size, localBase);
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
  public double logitCap() {
    return config.numberOrNone("final_logit_softcapping", 0);
  }

  @Override
  public Attention.Settings attention(int layer) {
    return new Attention.Settings(scale, windows.of(layer), 0);
  }

  @Override
  public Optional<Rope> rope(int layer) {
    return Optional.of(windows.slides(layer) ? local : global);
  }

  @Override
  public SequencedMap<String, long[]> shapes() {
    var width = new long[] {hiddenSize()};
    var perHead = new long[] {attention.heads().size()};
    return Gated.shapes(
        config,
        attention,
        false,
        Map.of(
            "pre_feedforward_layernorm.weight", width,
            "post_feedforward_layernorm.weight", width,
            "self_attn.q_norm.weight", perHead,
            "self_attn.k_norm.weight", perHead));
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
            windows.slides(layer) ? local : global,
            attention(layer),
            (module, heads) -> norm(pass, module, heads));
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
