package io.alidade.model.causal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/// GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners").
///
/// Learned positions, layer norms before attention and feed-forward, queries, keys and values in
/// one matrix. Linear weights are stored `[in, out]`.
final class Gpt2 implements Architecture {
  private final ModelConfig config;
  private final Heads heads;
  private final double epsilon;
  private final Activation activation;

  Gpt2(ModelConfig config) {
    this.config = config;
    int count = config.integer("n_head");
    int hidden = config.integer("n_embd");
    if (hidden % count != 0) {
      throw config.bad("n_embd", "is %d, which %d heads do not divide".formatted(hidden, count));
    }
    heads = new Heads(count, count, hidden / count);
    epsilon = config.number("layer_norm_epsilon", 1e-5);
    activation = Parts.activation(config, "activation_function", "gelu_new");
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public String causalClass() {
    return "GPT2LMHeadModel";
  }

  @Override
  public String classifierClass() {
    return "GPT2ForSequenceClassification";
  }

  @Override
  public int layers() {
    return config.integer("n_layer");
  }

  @Override
  public int hiddenSize() {
    return config.integer("n_embd");
  }

  @Override
  public Names names() {
    return new Names("transformer.", "transformer.wte.weight", "lm_head.weight");
  }

  @Override
  public boolean tied() {
    return config.flag("tie_word_embeddings", true);
  }

  @Override
  public Optional<Integer> positionLimit() {
    return Optional.of(config.integer("n_positions", 1024));
  }

  @Override
  public boolean transposed() {
    return true;
  }

  @Override
  public List<String> adapterTargets() {
    return List.of("c_attn");
  }

  @Override
  public Attention.Settings attention(int layer) {
    double scale = config.flag("scale_attn_weights", true) ? 1 / Math.sqrt(heads.size()) : 1;
    return new Attention.Settings(
        config.flag("scale_attn_by_inverse_layer_idx", false) ? scale / (layer + 1) : scale, 0, 0);
  }

  @Override
  public Optional<Rope> rope(int layer) {
    return Optional.empty();
  }

  @Override
  public SequencedMap<String, long[]> shapes() {
    long hidden = hiddenSize();
    long inner = config.integer("n_inner", 4 * hiddenSize());
    var shapes = new LinkedHashMap<String, long[]>();
    shapes.put("transformer.wte.weight", new long[] {config.vocabSize(), hidden});
    shapes.put("transformer.wpe.weight", new long[] {positionLimit().orElseThrow(), hidden});
    for (int i = 0; i < layers(); i++) {
      var at = "transformer.h." + i + ".";
      norm(shapes, at + "ln_1", hidden);
      linear(shapes, at + "attn.c_attn", hidden, 3 * hidden);
      linear(shapes, at + "attn.c_proj", hidden, hidden);
      norm(shapes, at + "ln_2", hidden);
      linear(shapes, at + "mlp.c_fc", hidden, inner);
      linear(shapes, at + "mlp.c_proj", inner, hidden);
    }
    norm(shapes, "transformer.ln_f", hidden);
    return shapes;
  }

  private static void norm(SequencedMap<String, long[]> shapes, String module, long width) {
    shapes.put(module + ".weight", new long[] {width});
    shapes.put(module + ".bias", new long[] {width});
  }

  private static void linear(
      SequencedMap<String, long[]> shapes, String module, long in, long out) {
    shapes.put(module + ".weight", new long[] {in, out});
    shapes.put(module + ".bias", new long[] {out});
  }

  @Override
  public Tensor embed(Pass pass) {
    return pass.embedTokens("transformer.wte.weight")
        .add(pass.embedPositions("transformer.wpe.weight"));
  }

  @Override
  public Tensor block(Pass pass, int layer, Tensor hidden) {
    var at = "transformer.h." + layer;
    var normed = Parts.layerNorm(pass, at + ".ln_1", hidden, epsilon);
    var attended = hidden.add(attend(pass, layer, at + ".attn", normed));
    normed = Parts.layerNorm(pass, at + ".ln_2", attended, epsilon);
    var inner = activation.of(pass.projectTransposed(at + ".mlp.c_fc", normed));
    return attended.add(pass.projectTransposed(at + ".mlp.c_proj", inner));
  }

  private Tensor attend(Pass pass, int layer, String at, Tensor x) {
    var joint = pass.projectTransposed(at + ".c_attn", x); // [T, 3 * hidden]
    long width = heads.queryWidth();
    var mixed =
        pass.attend(
            layer,
            heads.split(joint.narrow(1, 0, width)),
            heads.split(joint.narrow(1, width, width)),
            heads.split(joint.narrow(1, 2 * width, width)),
            attention(layer));
    return pass.projectTransposed(at + ".c_proj", mixed);
  }

  @Override
  public Tensor finish(Pass pass, Tensor hidden) {
    return Parts.layerNorm(pass, "transformer.ln_f", hidden, epsilon);
  }
}
