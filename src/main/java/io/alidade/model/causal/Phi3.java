package io.alidade.model.causal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.databind.node.IntNode;
import tools.jackson.databind.node.StringNode;

/// Phi-3 (Abdin et al. 2024, arXiv:2404.14219): Llama with queries, keys and values in one matrix,
/// gate and up in another, and, in the long-context models, LongRoPE.
final class Phi3 implements Architecture {
  private final ModelConfig config;
  private final Heads heads;
  private final Attention.Settings attention;
  private final Rope rope;
  private final double epsilon;
  private final Activation activation;

  Phi3(ModelConfig config) {
    this.config = config;
    heads = Heads.of(config);
    attention = Attention.Settings.of(heads, config.integerOrNone("sliding_window", 0));
    rope =
        Rope.of(
            rotary(config),
            Optional.empty(),
            heads.size(),
            config.number("rope_theta", 10_000),
            config.number("partial_rotary_factor", 1));
    epsilon = config.number("rms_norm_eps", 1e-5);
    activation = Parts.activation(config, "hidden_act", "silu");
  }

  /// The configuration as `Phi3Config` reads its rotation: `su` and even `yarn` are names that
  /// longrope had in the first files, and a model that does not say so was trained on 4096
  /// positions.
  private static ModelConfig rotary(ModelConfig config) {
    var read = config;
    if (!config.present("original_max_position_embeddings")) {
      read = read.with("original_max_position_embeddings", IntNode.valueOf(4096));
    }
    for (var key : List.of("rope_scaling", "rope_parameters")) {
      var section = config.filledSection(key);
      var type = section.map(s -> s.text("rope_type", s.text("type", "default"))).orElse("");
      if (type.equals("su") || type.equals("yarn")) {
        var renamed = section.orElseThrow().with("rope_type", StringNode.valueOf("longrope"));
        read = read.with(key, renamed.json());
      }
    }
    return read;
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public String causalClass() {
    return "Phi3ForCausalLM";
  }

  @Override
  public List<String> adapterTargets() {
    return List.of("qkv_proj");
  }

  @Override
  public Attention.Settings attention(int layer) {
    return attention;
  }

  @Override
  public Optional<Rope> rope(int layer) {
    return Optional.of(rope);
  }

  /// Where the long factors begin to count, the keys that turned by the short ones are computed
  /// again, as `Phi3ForCausalLM` does and the other families of `transformers` do not.
  @Override
  public boolean readsAgain(int span) {
    return span > 1 && rope.regime(span) != rope.regime(span - 1);
  }

  @Override
  public SequencedMap<String, long[]> shapes() {
    long hidden = hiddenSize();
    long inner = config.integer("intermediate_size");
    var shapes = new LinkedHashMap<String, long[]>();
    shapes.put("model.embed_tokens.weight", new long[] {config.vocabSize(), hidden});
    for (int i = 0; i < layers(); i++) {
      var at = "model.layers." + i + ".";
      shapes.put(
          at + "self_attn.qkv_proj.weight",
          new long[] {heads.queryWidth() + 2L * heads.keyValueWidth(), hidden});
      shapes.put(at + "self_attn.o_proj.weight", new long[] {hidden, heads.queryWidth()});
      shapes.put(at + "mlp.gate_up_proj.weight", new long[] {2 * inner, hidden});
      shapes.put(at + "mlp.down_proj.weight", new long[] {hidden, inner});
      shapes.put(at + "input_layernorm.weight", new long[] {hidden});
      shapes.put(at + "post_attention_layernorm.weight", new long[] {hidden});
    }
    shapes.put("model.norm.weight", new long[] {hidden});
    return shapes;
  }

  @Override
  public Tensor embed(Pass pass) {
    return pass.embedTokens("model.embed_tokens.weight");
  }

  @Override
  public Tensor block(Pass pass, int layer, Tensor hidden) {
    var at = "model.layers." + layer;
    var normed = norm(pass, at + ".input_layernorm", hidden);
    var attended = hidden.add(attend(pass, layer, at + ".self_attn", normed));
    normed = norm(pass, at + ".post_attention_layernorm", attended);
    return attended.add(feedForward(pass, at + ".mlp", normed));
  }

  private Tensor attend(Pass pass, int layer, String at, Tensor x) {
    var joint = pass.project(at + ".qkv_proj", x, false); // [T, (heads + 2 kvHeads) * d]
    long query = heads.queryWidth();
    long keyValue = heads.keyValueWidth();
    var mixed =
        pass.attend(
            layer,
            pass.rotate(rope, heads.split(joint.narrow(1, 0, query))),
            pass.rotate(rope, heads.split(joint.narrow(1, query, keyValue))),
            heads.split(joint.narrow(1, query + keyValue, keyValue)),
            attention);
    return pass.project(at + ".o_proj", mixed, false);
  }

  private Tensor feedForward(Pass pass, String at, Tensor x) {
    var joint = pass.project(at + ".gate_up_proj", x, false); // [T, 2 * inner], the gate first
    long inner = joint.size(1) / 2;
    var gate = activation.of(joint.narrow(1, 0, inner));
    return pass.project(at + ".down_proj", joint.narrow(1, inner, inner).mul(gate), false);
  }

  @Override
  public Tensor finish(Pass pass, Tensor hidden) {
    return norm(pass, "model.norm", hidden);
  }

  private Tensor norm(Pass pass, String module, Tensor x) {
    return Parts.rmsNorm(x, pass.weight(module + ".weight"), epsilon);
  }
}
