package io.alidade.model.causal;

import static org.bytedeco.pytorch.global.torch.addmm;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.linear;

import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Shares;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// One pass of packed tokens through a model: the tokens, what they attend to, and what all layers
/// share. Must be made in the step in which the pass runs, outside the steps of single layers.
public final class Pass {
  private final Weights weights;
  private final Attention attention;
  private final Optional<Stretch> stretch; // of the layout, where others compute the rest
  private final Tensor tokens; // [T] int64
  private final Tensor positions; // [T] int64
  private final long draw;
  private final Map<Rope, Rope.Table> tables = new HashMap<>();

  /// A pass.
  ///
  /// @param architecture whose rotations to prepare
  /// @param weights of that architecture
  /// @param layout tokens, positions and segments
  /// @param attention over that layout
  /// @param type what hidden states are computed in
  /// @param draw fixes the random numbers of the pass; 0 for none
  public Pass(
      Architecture architecture,
      Weights weights,
      Layout layout,
      Attention attention,
      ScalarType type,
      long draw) {
    this(architecture, weights, layout, Optional.empty(), attention, type, draw);
  }

  private Pass(
      Architecture architecture,
      Weights weights,
      Layout layout,
      Optional<Stretch> stretch,
      Attention attention,
      ScalarType type,
      long draw) {
    this.weights = weights;
    this.stretch = stretch;
    this.attention = attention;
    this.draw = draw;
    tokens = own(Ops.indices(layout.tokens()));
    positions = own(Ops.indices(layout.positions()));
    for (int layer = 0; layer < architecture.layers(); layer++) {
      architecture
          .rope(layer)
          .ifPresent(
              rope -> tables.computeIfAbsent(rope, r -> r.table(layout, type).map(this::own)));
    }
  }

  /// A pass that computes a stretch of the tokens of a layout, one of the shares of which each
  /// computes its own: see [io.alidade.tensor.Shares]. Its first dimension is that of the stretch.
  public static Pass of(
      Architecture architecture,
      Weights weights,
      Layout layout,
      Stretch stretch,
      ScalarType type,
      long draw) {
    var attention = PackedAttention.of(architecture, layout, stretch, type);
    return new Pass(architecture, weights, layout, Optional.of(stretch), attention, type, draw);
  }

  private Tensor own(Tensor all) {
    return stretch.map(part -> all.narrow(0, part.from(), part.count())).orElse(all);
  }

  /// A tensor of the model.
  Tensor weight(String name) {
    return weights.get(name);
  }

  /// Rows of an embedding table for the tokens, `[T, width]`.
  Tensor embedTokens(String name) {
    return rows(name, tokens);
  }

  /// Rows of an embedding table for the positions, `[T, width]`.
  Tensor embedPositions(String name) {
    return rows(name, positions);
  }

  private Tensor rows(String name, Tensor ids) {
    var module = name.substring(0, name.length() - ".weight".length());
    return weights.adaptRows(module, ids, embedding(weights.get(name), ids));
  }

  /// Backward through [#embedTokens(String)]: adds to the gradients of table and adapter.
  void embedTokensBack(String name, Tensor gradient) {
    var table = weights.get(name);
    if (table.requires_grad()) {
      Grad.addRows(table, tokens, gradient);
    }
    weights.adaptRowsBack(name.substring(0, name.length() - ".weight".length()), tokens, gradient);
  }

  /// `x Wᵀ`, with `+ b` if asked, and what an adapter adds.
  Tensor project(String module, Tensor x, boolean biased) {
    var few =
        weights
            .few(module, x)
            .or(() ->
                attention.stepwise()
                    ? Optional.of(few(weights.get(module + ".weight"), x))
                    : Optional.empty());
    if (few.isPresent()) {
      var plain = few.get();
      var output = biased ? plain.add_(weights.get(module + ".bias")) : plain;
      return weights.adapt(module, x, output, draw);
    }
    var bias = biased ? new TensorOptional(weights.get(module + ".bias")) : new TensorOptional();
    return weights.adapt(module, x, linear(x, weights.get(module + ".weight"), bias), draw);
  }

  /// What [#project] gives for several modules with the same input.
  List<Tensor> project(List<String> modules, Tensor x, boolean biased) {
    var few = weights.few(modules, x);
    var outputs = new ArrayList<Tensor>();
    for (int i = 0; i < modules.size(); i++) {
      var module = modules.get(i);
      if (few.isEmpty()) {
        outputs.add(project(module, x, biased));
      } else {
        var plain = few.get().get(i);
        var output = biased ? plain.add_(weights.get(module + ".bias")) : plain;
        outputs.add(weights.adapt(module, x, output, draw));
      }
    }
    return outputs;
  }

  /// `(W xᵀ)ᵀ`, `[T, out]`: for few tokens the library is faster with the weights to the left.
  private static Tensor few(Tensor weight, Tensor x) {
    return weight.matmul(x.t().contiguous()).t().contiguous();
  }

  /// Backward through [#project(String, Tensor, boolean)]: adds to the gradients of weight, bias
  /// and adapter.
  ///
  /// @param x what was projected, `[T, in]`
  /// @param gradient of the output, `[T, out]`
  /// @param into a gradient of `x` to add to, if there is one
  /// @return the gradient of `x`, `[T, in]`
  Tensor back(String module, Tensor x, Tensor gradient, boolean biased, Optional<Tensor> into) {
    var weight = weights.get(module + ".weight");
    if (weight.requires_grad()) {
      Grad.addProduct(weight, gradient.t(), x);
    }
    if (biased && weights.get(module + ".bias").requires_grad()) {
      Grad.add(weights.get(module + ".bias"), gradient.sum(0));
    }
    var plain = weight.detach();
    var toX = into.map(sum -> sum.addmm_(gradient, plain)).orElseGet(() -> gradient.mm(plain));
    return weights.adaptBack(module, x, gradient, toX, draw);
  }

  /// `x W + b` for weights stored `[in, out]`, and what an adapter adds.
  Tensor projectTransposed(String module, Tensor x) {
    var bias = weights.get(module + ".bias");
    var output =
        weights
            .few(module, x)
            .map(plain -> plain.add_(bias))
            .orElseGet(() -> addmm(bias, x, weights.get(module + ".weight")));
    return weights.adapt(module, x, output, draw);
  }

  /// Rotates heads by position.
  ///
  /// @param x `[T, heads, d]`
  Tensor rotate(Rope rope, Tensor x) {
    var table = tables.get(rope);
    if (table == null) {
      throw new IllegalStateException("a rotation that no layer declares");
    }
    return table.rotate(x);
  }

  /// The same without a graph, or its inverse.
  Tensor turn(Rope rope, Tensor x, boolean forward) {
    var table = tables.get(rope);
    if (table == null) {
      throw new IllegalStateException("a rotation that no layer declares");
    }
    return table.turn(x, forward);
  }

  /// T, how many tokens it reads.
  public long size() {
    return tokens.size(0);
  }

  /// Keys and values of all tokens of the layout, from this pass and those that compute the rest.
  List<Tensor> everyones(Tensor key, Tensor value) {
    var own = List.of(key, value);
    return stretch.isPresent() ? Shares.joined(own) : own;
  }

  /// From a gradient of what [#everyones] gave to that of this pass's own part: what the queries of
  /// all passes have added to it.
  Tensor ownGradient(Tensor gradient) {
    return stretch.map(part -> Shares.sum(gradient, part.from(), part.count())).orElse(gradient);
  }

  /// Attention in the layout of this pass; shapes as in [Attention].
  Tensor attend(int layer, Tensor query, Tensor key, Tensor value, Attention.Settings settings) {
    return attention.attend(layer, query, key, value, settings);
  }

  /// Backward through [#attend(int, Tensor, Tensor, Tensor, Attention.Settings)].
  Attention.Gradients attendBack(
      int layer,
      Tensor query,
      Tensor key,
      Tensor value,
      Tensor gradient,
      Attention.Settings settings) {
    return attention.back(layer, query, key, value, gradient, settings);
  }
}
