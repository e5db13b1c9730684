package io.alidade.model.causal;

import io.alidade.model.causal.AttentionPlan.Call;
import io.alidade.tensor.Fused;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Attention over a whole [Layout] at once, with its backward pass written down.
///
///     S = scale · Q Kᵀ          P = softmax(S + mask)                     O = P V
///     dV = Pᵀ dO    dP = dO Vᵀ    dS = P ⊙ (dP − rowsum(P ⊙ dP))    dQ = scale · dS K    dK = scale · dSᵀ Q
///
/// with `cap · tanh(S / cap)` in place of `S` where scores are capped. Queries go in blocks; a block
/// touches no key after its last query, so that the half of the scores that nobody sees is not
/// computed, and no key before the window of its first. Heads that share keys are rows of one
/// product. `P` is not kept but computed again in the backward pass (Dao et al. 2022,
/// arXiv:2205.14135, section 3.1).
///
/// Half precision is computed in float32.
final class WrittenAttention implements Attention {
  /// Queries of a block: enough for products of a good size, few enough that little is computed for
  /// nothing.
  private static final int QUERIES = 128;

  /// Scores of a head in a block, at most.
  private static final int SCORES = 1 << 20;

  /// Some queries and the keys that they may see.
  ///
  /// @param mask `[queries, m]`, for the last m keys; those before are seen by all
  private record Block(Call call, Tensor mask) {
    /// Keys or values of the block, `[kvHeads, E, d]`, of all `[kvHeads, T, d]`.
    Tensor keys(Tensor all) {
      var main = all.narrow(1, call.keysFrom(), call.keysCount());
      return call.prefix() < 0
          ? main
          : Ops.concatenate(List.of(all.narrow(1, call.prefix(), call.prefixCount()), main), 1);
    }

    /// Adds to the gradient of all what came for those of the block.
    void addKeys(Tensor all, Tensor gradient) {
      int before = call.prefixCount();
      if (before > 0) {
        all.narrow(1, call.prefix(), before).add_(gradient.narrow(1, 0, before));
      }
      all.narrow(1, call.keysFrom(), call.keysCount())
          .add_(gradient.narrow(1, before, call.keysCount()));
    }
  }

  private final Stretch stretch;
  private final Map<Settings, List<Block>> blocks = new HashMap<>();

  /// Prepares masks; must be made outside the steps of single layers.
  ///
  /// @param kinds of attention that layers will ask for
  /// @param stretch whose queries are given; keys and values are those of all tokens
  /// @param type of the queries
  WrittenAttention(Set<Settings> kinds, Layout layout, Stretch stretch, ScalarType type) {
    this.stretch = stretch;
    var plan = new AttentionPlan(layout, stretch);
    var wide = Parts.wide(type);
    for (var settings : kinds) {
      blocks.put(
          settings,
          plan.calls().stream()
              .flatMap(call -> cut(call).stream())
              .map(call -> block(plan, call, settings.window(), wide))
              .toList());
    }
  }

  private static List<Call> cut(Call call) {
    int size = Math.clamp(SCORES / call.keys(), 16, QUERIES);
    var parts = new ArrayList<Call>();
    for (int done = 0; done < call.count(); done += size) {
      int count = Math.min(size, call.count() - done);
      call.within(new Stretch(call.from() + done, count)).ifPresent(parts::add);
    }
    return parts;
  }

  private static Block block(AttentionPlan plan, Call call, int window, ScalarType type) {
    var mask = plan.mask(call, window);
    int keys = call.keys();
    int unseen = call.prefix() < 0 ? leading(mask, keys, Float.NEGATIVE_INFINITY) : 0;
    if (unseen > 0) {
      return block(plan, call.without(unseen), window, type);
    }
    int seen = leading(mask, keys, 0);
    int rest = keys - seen;
    var needed = new float[call.count() * rest];
    for (int row = 0; row < call.count(); row++) {
      System.arraycopy(mask, row * keys + seen, needed, row * rest, rest);
    }
    return new Block(call, Ops.floats(needed, call.count(), rest).to(type));
  }

  /// How many columns, from the first, hold one value alone.
  private static int leading(float[] mask, int columns, float value) {
    for (int column = 0; column < columns; column++) {
      for (int at = column; at < mask.length; at += columns) {
        if (mask[at] != value) {
          return column;
        }
      }
    }
    return columns;
  }

  @Override
  public Tensor attend(int layer, Tensor query, Tensor key, Tensor value, Settings settings) {
    var scores = new Scores(query, key, settings);
    var values = byHead(value);
    var type = query.scalar_type();
    var mixed = Ops.empty(Ops.type(query), query.size(0), query.size(1), value.size(2));
    each(
        settings,
        block -> {
          var weights = scores.of(block).weights;
          scores.put(block, mixed, weights.bmm(block.keys(values)).to(type));
        });
    return mixed.flatten(1, 2);
  }

  @Override
  public Gradients back(
      int layer, Tensor query, Tensor key, Tensor value, Tensor gradient, Settings settings) {
    var scores = new Scores(query, key, settings);
    var values = byHead(value);
    var toMixed = gradient.unflatten(1, query.size(1), value.size(2));
    var toQuery = torch.empty_like(query);
    var toKeys = torch.zeros_like(scores.keys);
    var toValues = torch.zeros_like(values);
    each(
        settings,
        block -> {
          var own = scores.of(block);
          var weights = own.weights;
          var above = scores.grouped(toMixed, block); // [kvHeads, G * queries, d]
          block.addKeys(toValues, weights.transpose(1, 2).bmm(above));
          var toWeights = above.bmm(block.keys(values).transpose(1, 2));
          var toScores = own.uncapped(Fused.softmaxBack(toWeights, weights));
          block.addKeys(toKeys, toScores.transpose(1, 2).bmm(own.query));
          scores.put(
              block,
              toQuery,
              toScores.bmm(own.keys).mul_(Ops.scalar(settings.scale())).to(query.scalar_type()));
        });
    return new Gradients(toQuery, byToken(scores.unscaled(toKeys), key), byToken(toValues, value));
  }

  private void each(Settings settings, Consumer<Block> work) {
    var known = blocks.get(settings);
    if (known == null) {
      throw new IllegalStateException("a kind of attention that no layer declares");
    }
    for (var block : known) {
      try (var _ = new Step()) {
        work.accept(block);
      }
    }
  }

  private static Tensor wide(Tensor x) {
    return x.to(Parts.wide(Ops.type(x)));
  }

  /// `[T, kvHeads, d]` to `[kvHeads, T, d]`.
  private static Tensor byHead(Tensor x) {
    return wide(x).transpose(0, 1).contiguous();
  }

  /// The way back.
  private static Tensor byToken(Tensor x, Tensor like) {
    return x.transpose(0, 1).contiguous().to(like.scalar_type());
  }

  /// The scores of a block.
  ///
  /// @param query `[kvHeads, G * queries, d]`, scaled
  /// @param keys `[kvHeads, E, d]`
  /// @param weights P, `[kvHeads, G * queries, E]`
  /// @param bounded `tanh(S / cap)`, where scores are capped
  private record Own(Tensor query, Tensor keys, Tensor weights, Optional<Tensor> bounded) {
    /// From a gradient of capped scores to that of plain ones, in place.
    Tensor uncapped(Tensor gradient) {
      return bounded
          .map(tanh -> gradient.mul_(tanh.square_().neg_().add_(Ops.scalar(1))))
          .orElse(gradient);
    }
  }

  /// Queries and keys of a layer, ready for products.
  private final class Scores {
    private final Tensor query; // [T, heads, d], times scale, or scale / cap
    private final Tensor keys; // [kvHeads, T, d]
    private final double cap;

    Scores(Tensor query, Tensor key, Settings settings) {
      cap = settings.softCap();
      this.query = Ops.times(wide(query), cap > 0 ? settings.scale() / cap : settings.scale());
      keys = byHead(key);
    }

    Own of(Block block) {
      var own = grouped(query, block);
      var seen = block.keys(keys);
      var scores = own.bmm(seen.transpose(1, 2));
      var bounded = cap > 0 ? Optional.of(scores.tanh_()) : Optional.<Tensor>empty();
      var open = bounded.map(tanh -> Ops.times(tanh, cap)).orElse(scores);
      long masked = block.mask.size(1);
      if (masked > 0) {
        open.unflatten(1, own.size(1) / block.call.count(), block.call.count())
            .narrow(3, open.size(2) - masked, masked)
            .add_(block.mask);
      }
      return new Own(own, seen, torch.softmax(open, 2), bounded);
    }

    /// What a block has of `[T, heads, d]`: `[kvHeads, G * queries, d]`.
    Tensor grouped(Tensor x, Block block) {
      return wide(part(x, block)).permute(1, 2, 0, 3).flatten(1, 2);
    }

    /// The way back: writes `[kvHeads, G * queries, d]` where it belongs.
    void put(Block block, Tensor into, Tensor x) {
      var part = part(into, block);
      part.copy_(x.unflatten(1, part.size(2), part.size(0)).permute(2, 0, 1, 3));
    }

    /// `[queries, kvHeads, G, d]`.
    private Tensor part(Tensor x, Block block) {
      long groups = keys.size(0);
      return x.narrow(0, block.call.from() - stretch.from(), block.call.count())
          .unflatten(1, groups, x.size(1) / groups);
    }

    /// From `dSᵀ` times [#query] to the gradient of the keys, in place.
    Tensor unscaled(Tensor gradient) {
      return cap > 0 ? gradient.mul_(Ops.scalar(cap)) : gradient;
    }
  }
}
