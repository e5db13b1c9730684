package io.alidade.model.causal;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Layers in Llama's form, forward and backward: norm, grouped-query attention with rotary
/// positions, residual; norm, gated feed-forward (Shazeer 2020, arXiv:2002.05202), residual.
/// Families differ in what is written here as a component.
///
/// The backward pass is written down rather than recorded: gradients of weights are added in place
/// by the product that makes them, and what is cheap (norms, the product of the gate) is computed
/// again instead of being kept.
///
/// @param attention sizes and biases
/// @param settings of the attention of each layer
/// @param ropes rotation of each layer
/// @param norm of all norms
/// @param activation of the gate
/// @param mlpBias whether the feed-forward has biases
/// @param headNorms whether each query and key head is normalized before it is turned (`q_norm`,
///   `k_norm`)
/// @param sandwich whether the outputs of attention and feed-forward are normalized too, before
///   they are added
/// @param hidden width of the hidden states
/// @param inner width of the feed-forward
/// @param embeddingScale what embeddings are multiplied by
record Decoder(
    GroupedAttention attention,
    List<Attention.Settings> settings,
    List<Rope> ropes,
    RmsNorm norm,
    Activation activation,
    boolean mlpBias,
    boolean headNorms,
    boolean sandwich,
    int hidden,
    int inner,
    double embeddingScale) {
  private static final String EMBEDDING = "model.embed_tokens.weight";

  /// What a layer keeps for its backward pass, by its place in the layer.
  enum Kept {
    /// What came in, `[T, hidden]`.
    INPUT,
    /// Queries and keys before their norms, `[T, heads, d]`; only with such norms.
    RAW_QUERY,
    RAW_KEY,
    /// What attends, `[T, heads, d]`.
    QUERY,
    KEY,
    VALUE,
    /// What attention gave, `[T, heads * d]`.
    MIXED,
    /// The output of attention before its norm; only in a sandwich.
    PROJECTED,
    /// The sum after attention, `[T, hidden]`.
    ATTENDED,
    /// Inputs of the gate's product, `[T, inner]`.
    GATE,
    UP,
    /// The output of the feed-forward before its norm; only in a sandwich.
    FED,
    /// What goes out, `[T, hidden]`.
    OUTPUT
  }

  /// Every tensor, by its name in a checkpoint, with its shape.
  SequencedMap<String, long[]> shapes(ModelConfig config) {
    var more = new LinkedHashMap<String, long[]>();
    if (headNorms) {
      more.put("self_attn.q_norm.weight", new long[] {attention.heads().size()});
      more.put("self_attn.k_norm.weight", new long[] {attention.heads().size()});
    }
    if (sandwich) {
      var width = new long[] {config.integer("hidden_size")};
      more.put("pre_feedforward_layernorm.weight", width);
      more.put("post_feedforward_layernorm.weight", width);
    }
    return Gated.shapes(config, attention, mlpBias, more);
  }

  /// Numbers that a layer keeps of each token: see [Kept].
  long keptPerToken() {
    var heads = attention.heads();
    long turned = heads.queryWidth() + 2L * heads.keyValueWidth();
    long sum = 2L * hidden + turned + heads.queryWidth() + 2L * inner;
    if (headNorms) {
      sum += heads.queryWidth() + heads.keyValueWidth();
    }
    return sandwich ? sum + 2L * hidden : sum;
  }

  /// Numbers of weights that a token is multiplied with in a layer.
  double weightsPerToken() {
    var heads = attention.heads();
    return (double) hidden * (2 * heads.queryWidth() + 2 * heads.keyValueWidth() + 3 * inner);
  }

  /// Products of a token with each one that it attends to, once for its score and once for its
  /// value, which take about three times as long as those with weights.
  double perVisible() {
    return 3 * 2.0 * attention.heads().queryWidth();
  }

  /// Hidden states before the first layer.
  Tensor embed(Pass pass) {
    var embedded = pass.embedTokens(EMBEDDING);
    return embeddingScale == 1 ? embedded : Parts.scaled(embedded, embeddingScale);
  }

  /// Adds to the gradient of the embeddings.
  ///
  /// @param gradient with respect to the hidden states before the first layer
  void embedBack(Pass pass, Tensor gradient) {
    pass.embedTokensBack(
        EMBEDDING, embeddingScale == 1 ? gradient : Parts.scaled(gradient, embeddingScale));
  }

  /// The norm after the last layer.
  Tensor finish(Pass pass, Tensor hidden) {
    return norm.of(hidden, pass.weight("model.norm.weight"));
  }

  /// The gradient of what comes into the last norm.
  Tensor finishBack(Pass pass, Tensor hidden, Tensor gradient) {
    return norm.back(gradient, hidden, pass.weight("model.norm.weight"));
  }

  private record Names(String layer) {
    String attention(String part) {
      return layer + ".self_attn." + part;
    }

    String mlp(String part) {
      return layer + ".mlp." + part;
    }

    List<String> ofHeads() {
      return List.of(attention("q_proj"), attention("k_proj"), attention("v_proj"));
    }

    List<String> ofGate() {
      return List.of(mlp("gate_proj"), mlp("up_proj"));
    }

    String norm(String which) {
      return layer + "." + which + "_layernorm.weight";
    }
  }

  private static Names names(int layer) {
    return new Names("model.layers." + layer);
  }

  /// Modules of a layer that have the same input.
  List<List<String>> siblings(int layer) {
    return List.of(names(layer).ofHeads(), names(layer).ofGate());
  }

  private String beforeFeedForward() {
    return sandwich ? "pre_feedforward" : "post_attention";
  }

  /// One layer, without a graph.
  ///
  /// @param differentiable whether [#backward] will follow
  /// @param rows the tokens whose output is wanted, `[R]` int64, each once; all where absent. What
  ///   follows attention is computed for them alone
  /// @return what the backward pass needs, and OUTPUT, `[R, hidden]`
  Map<Kept, Tensor> forward(
      Pass pass, int layer, Tensor input, boolean differentiable, Optional<Tensor> rows) {
    var at = names(layer);
    var kept = new EnumMap<Kept, Tensor>(Kept.class);
    kept.put(Kept.INPUT, input);
    var x = norm.of(input, pass.weight(at.norm("input")));
    var mixed = attend(pass, layer, x, differentiable, kept);
    var projected =
        pass.project(at.attention("o_proj"), chosen(mixed, rows), attention.outputBias());
    Tensor added = projected;
    if (sandwich) {
      kept.put(Kept.PROJECTED, projected);
      added = norm.of(projected, pass.weight(at.norm("post_attention")));
    }
    var attended = added.add_(chosen(input, rows));
    kept.put(Kept.ATTENDED, attended);
    x = norm.of(attended, pass.weight(at.norm(beforeFeedForward())));
    var opening = pass.project(at.ofGate(), x, mlpBias);
    var gate = opening.getFirst();
    var up = opening.getLast();
    kept.put(Kept.GATE, gate);
    kept.put(Kept.UP, up);
    var fed = pass.project(at.mlp("down_proj"), activation.of(gate).mul_(up), mlpBias);
    added = fed;
    if (sandwich) {
      kept.put(Kept.FED, fed);
      added = norm.of(fed, pass.weight(at.norm("post_feedforward")));
    }
    kept.put(Kept.OUTPUT, added.add_(attended));
    return kept;
  }

  private static Tensor chosen(Tensor all, Optional<Tensor> rows) {
    return rows.map(index -> all.index_select(0, index)).orElse(all);
  }

  private static Tensor spread(Tensor chosen, Tensor like, Optional<Tensor> rows) {
    return rows.map(index -> torch.zeros_like(like).index_copy_(0, index, chosen)).orElse(chosen);
  }

  private Tensor attend(
      Pass pass, int layer, Tensor x, boolean differentiable, Map<Kept, Tensor> kept) {
    var at = names(layer);
    var heads = attention.heads();
    var projections = pass.project(at.ofHeads(), x, attention.inputBias());
    var query = heads.split(projections.get(0));
    var key = heads.split(projections.get(1));
    var value = heads.split(projections.get(2));
    if (headNorms) {
      kept.put(Kept.RAW_QUERY, query);
      kept.put(Kept.RAW_KEY, key);
      query = norm.of(query, pass.weight(at.attention("q_norm.weight")));
      key = norm.of(key, pass.weight(at.attention("k_norm.weight")));
    }
    var rope = ropes.get(layer);
    var turnedQuery = pass.turn(rope, query, true);
    var turnedKey = pass.turn(rope, key, true);
    var all = pass.everyones(turnedKey, value);
    var mixed = pass.attend(layer, turnedQuery, all.getFirst(), all.getLast(), settings.get(layer));
    if (differentiable) {
      kept.put(Kept.QUERY, turnedQuery);
      kept.put(Kept.KEY, all.getFirst());
      kept.put(Kept.VALUE, all.getLast());
      kept.put(Kept.MIXED, mixed);
    }
    return mixed;
  }

  /// Adds to the gradients of the layer's weights.
  ///
  /// @param kept what [#forward] gave
  /// @param gradient with respect to OUTPUT; is overwritten
  /// @param rows as given to [#forward]
  /// @return the gradient with respect to INPUT
  Tensor backward(
      Pass pass, int layer, Map<Kept, Tensor> kept, Tensor gradient, Optional<Tensor> rows) {
    var at = names(layer);
    var attended = of(kept, Kept.ATTENDED);
    var fed =
        sandwich
            ? norm.back(gradient, of(kept, Kept.FED), pass.weight(at.norm("post_feedforward")))
            : gradient;
    var weight = pass.weight(at.norm(beforeFeedForward()));
    var x = norm.of(attended, weight);
    gradient.add_(norm.back(feedForwardBack(pass, at, x, kept, fed), attended, weight));

    var projected =
        sandwich
            ? norm.back(gradient, of(kept, Kept.PROJECTED), pass.weight(at.norm("post_attention")))
            : gradient;
    var input = of(kept, Kept.INPUT);
    weight = pass.weight(at.norm("input"));
    x = norm.of(input, weight);
    var toInput = norm.back(attendBack(pass, layer, x, kept, projected, rows), input, weight);
    return rows.map(index -> toInput.index_add_(0, index, gradient))
        .orElseGet(() -> gradient.add_(toInput));
  }

  /// From the output of the feed-forward to its input `x`.
  private Tensor feedForwardBack(
      Pass pass, Names at, Tensor x, Map<Kept, Tensor> kept, Tensor gradient) {
    var gate = of(kept, Kept.GATE);
    var up = of(kept, Kept.UP);
    var opened = activation.of(gate);
    var product =
        pass.back(at.mlp("down_proj"), opened.mul(up), gradient, mlpBias, Optional.empty());
    var toUp = opened.mul_(product);
    var toGate = activation.back(product.mul_(up), gate);
    var toX = pass.back(at.mlp("up_proj"), x, toUp, mlpBias, Optional.empty());
    return pass.back(at.mlp("gate_proj"), x, toGate, mlpBias, Optional.of(toX));
  }

  /// From the output of the attention to its input `x`.
  private Tensor attendBack(
      Pass pass,
      int layer,
      Tensor x,
      Map<Kept, Tensor> kept,
      Tensor gradient,
      Optional<Tensor> rows) {
    var at = names(layer);
    var mixed = of(kept, Kept.MIXED);
    var toMixed =
        pass.back(
            at.attention("o_proj"),
            chosen(mixed, rows),
            gradient,
            attention.outputBias(),
            Optional.empty());
    var to =
        pass.attendBack(
            layer,
            of(kept, Kept.QUERY),
            of(kept, Kept.KEY),
            of(kept, Kept.VALUE),
            spread(toMixed, mixed, rows),
            settings.get(layer));
    var toX = headsBack(pass, layer, x, kept, Kept.QUERY, to.query(), Optional.empty());
    toX = headsBack(pass, layer, x, kept, Kept.KEY, pass.ownGradient(to.key()), Optional.of(toX));
    return headsBack(
        pass, layer, x, kept, Kept.VALUE, pass.ownGradient(to.value()), Optional.of(toX));
  }

  /// From queries, keys or values to `x`, added to what came from the others.
  private Tensor headsBack(
      Pass pass,
      int layer,
      Tensor x,
      Map<Kept, Tensor> kept,
      Kept which,
      Tensor gradient,
      Optional<Tensor> others) {
    var module = names(layer).attention(which == Kept.QUERY ? "q" : which == Kept.KEY ? "k" : "v");
    var heads = gradient;
    if (which != Kept.VALUE) {
      heads = pass.turn(ropes.get(layer), heads, false);
      if (headNorms) {
        var raw = of(kept, which == Kept.QUERY ? Kept.RAW_QUERY : Kept.RAW_KEY);
        heads = norm.back(heads, raw, pass.weight(module + "_norm.weight"));
      }
    }
    return pass.back(
        module + "_proj", x, heads.reshape(x.size(0), -1), attention.inputBias(), others);
  }

  private static Tensor of(Map<Kept, Tensor> kept, Kept which) {
    return Objects.requireNonNull(kept.get(which));
  }
}
