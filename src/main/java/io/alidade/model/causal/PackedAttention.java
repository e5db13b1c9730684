package io.alidade.model.causal;

import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import io.alidade.model.causal.AttentionPlan.Call;
import io.alidade.tensor.Ops;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Attention over a whole [Layout] at once, in products of the library that it can differentiate:
/// for training and scoring.
public final class PackedAttention implements Attention {
  private final Stretch stretch;
  private final AttentionPlan plan;
  private final Map<Settings, List<Tensor>> masks = new HashMap<>(); // one a call

  private PackedAttention(Set<Settings> kinds, Layout layout, Stretch stretch, ScalarType type) {
    this.stretch = stretch;
    plan = new AttentionPlan(layout, stretch);
    for (var settings : kinds) {
      masks.put(
          settings, plan.calls().stream().map(call -> mask(call, settings).to(type)).toList());
    }
  }

  /// The attention that suits a family: with a backward pass of its own if the layers have one,
  /// else this one. Prepares masks for all layers; must be called outside the steps of single
  /// layers.
  ///
  /// @param type of the queries
  public static Attention of(Architecture architecture, Layout layout, ScalarType type) {
    return of(architecture, layout, Stretch.of(layout), type);
  }

  /// The same for the queries of a stretch of the tokens; keys and values are those of all.
  static Attention of(Architecture architecture, Layout layout, Stretch stretch, ScalarType type) {
    var kinds =
        IntStream.range(0, architecture.layers())
            .mapToObj(architecture::attention)
            .collect(Collectors.toSet());
    return architecture.written().isPresent()
        ? new WrittenAttention(kinds, layout, stretch, type)
        : new PackedAttention(kinds, layout, stretch, type);
  }

  /// What a call adds to its scores; one element where plain causal attention says the same.
  private Tensor mask(Call call, Settings settings) {
    int window = settings.window();
    boolean narrow = window > 0 && call.count() > window;
    return call.causal() && !narrow && settings.softCap() == 0
        ? Ops.floats(new float[1], 1)
        : Ops.floats(plan.mask(call, window), call.count(), call.keys());
  }

  @Override
  public Tensor attend(int layer, Tensor query, Tensor key, Tensor value, Settings settings) {
    var parts = new ArrayList<Tensor>();
    var ready = masks.get(settings);
    if (ready == null) {
      throw new IllegalStateException("a kind of attention that no layer declares");
    }
    for (int i = 0; i < ready.size(); i++) {
      var call = plan.calls().get(i);
      var mask = ready.get(i);
      var q = heads(query.narrow(0, call.from() - stretch.from(), call.count()));
      var k = heads(keys(key, call));
      var v = heads(keys(value, call));
      boolean masked = mask.dim() == 2;
      var mixed =
          settings.softCap() > 0
              ? capped(q, k, v, mask, settings)
              : scaled_dot_product_attention(
                  q,
                  k,
                  v,
                  masked ? new TensorOptional(mask) : new TensorOptional(),
                  0,
                  !masked,
                  new DoubleOptional(settings.scale()),
                  q.size(1) != k.size(1));
      parts.add(mixed.transpose(1, 2).reshape(call.count(), query.size(1) * value.size(2)));
    }
    return Ops.concatenate(parts, 0);
  }

  /// `[T, heads, d]` to `[1, heads, T, d]`.
  private static Tensor heads(Tensor x) {
    return x.transpose(0, 1).unsqueeze(0);
  }

  private static Tensor keys(Tensor all, Call call) {
    var main = all.narrow(0, call.keysFrom(), call.keysCount());
    return call.prefix() < 0
        ? main
        : Ops.concatenate(List.of(all.narrow(0, call.prefix(), call.prefixCount()), main), 0);
  }

  /// `softmax(cap tanh(scale q kᵀ / cap) + mask) v`, the softmax in at least float32.
  static Tensor capped(Tensor q, Tensor k, Tensor v, Tensor mask, Settings settings) {
    long share = q.size(1) / k.size(1);
    var keys = share == 1 ? k : k.repeat_interleave(share, new LongOptional(1), new LongOptional());
    var values =
        share == 1 ? v : v.repeat_interleave(share, new LongOptional(1), new LongOptional());
    var scores = Ops.times(q.matmul(keys.transpose(2, 3)), settings.scale() / settings.softCap());
    var bounded = Ops.times(scores.tanh(), settings.softCap()).add(mask);
    var weights = torch.softmax(bounded.to(Parts.wide(Ops.type(q))), 3).to(q.scalar_type());
    return weights.matmul(values);
  }
}
