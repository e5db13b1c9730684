package io.alidade.model.causal;

import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import io.alidade.model.causal.Layout.Segment;
import io.alidade.tensor.Ops;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Attention over a whole [Layout] at once, with gradients: for training and scoring.
///
/// A root segment attends to itself, causally. The children of a root attend to it and to
/// themselves. As a root and its children are neighbours, their keys are one slice without a copy;
/// a mask keeps the children apart. Where that would waste much (many long children), each child is
/// computed by itself over a copy of the root's keys.
public final class PackedAttention implements Attention {
  /// Wasted score computations that are still cheaper than copying keys.
  private static final double WASTE = 2;

  /// One product of queries with keys.
  ///
  /// @param from first query
  /// @param count number of queries
  /// @param prefix first key of a prefix that is concatenated before `keysFrom`, or -1
  /// @param prefixCount its length
  /// @param keysFrom first key of the main run
  /// @param keysCount its length
  /// @param segments whose tokens are the queries
  private record Call(
      int from,
      int count,
      int prefix,
      int prefixCount,
      int keysFrom,
      int keysCount,
      List<Segment> segments) {
    /// Plain causal attention of a segment to itself.
    boolean causal() {
      return prefix < 0 && from == keysFrom && count == keysCount && segments.size() == 1;
    }

    /// What is left of it for the queries of a stretch, which see no key after the last of them.
    Optional<Call> within(Stretch stretch) {
      int first = Math.max(from, stretch.from());
      int end = Math.min(from + count, stretch.end());
      return first >= end
          ? Optional.empty()
          : Optional.of(
              new Call(
                  first, end - first, prefix, prefixCount, keysFrom, end - keysFrom, segments));
    }

    int keys() {
      return Math.max(0, prefixCount) + keysCount;
    }
  }

  private final Layout layout;
  private final Stretch stretch;
  private final List<Call> calls = new ArrayList<>();
  private final Map<Settings, List<Tensor>> masks = new HashMap<>(); // one a call

  /// Prepares masks for all layers; must be made outside the steps of single layers.
  ///
  /// @param type of the queries
  public PackedAttention(Architecture architecture, Layout layout, ScalarType type) {
    this(architecture, layout, Stretch.of(layout), type);
  }

  /// The same for the queries of a stretch of the tokens; keys and values are those of all.
  PackedAttention(Architecture architecture, Layout layout, Stretch stretch, ScalarType type) {
    this.layout = layout;
    this.stretch = stretch;
    plan();
    for (int layer = 0; layer < architecture.layers(); layer++) {
      masks.computeIfAbsent(
          architecture.attention(layer),
          settings -> calls.stream().map(call -> mask(call, settings).to(type)).toList());
    }
  }

  private void plan() {
    var segments = layout.segments();
    for (int i = 0; i < segments.size(); ) {
      var root = segments.get(i);
      if (root.prefix() >= 0) {
        throw new IllegalStateException("a continuation that does not follow its prefix");
      }
      add(new Call(root.start(), root.length(), -1, 0, root.start(), root.length(), List.of(root)));
      int end = i + 1;
      while (end < segments.size() && segments.get(end).prefix() == i) {
        end++;
      }
      children(root, segments.subList(i + 1, end));
      i = end;
    }
  }

  private void add(Call call) {
    call.within(stretch).ifPresent(calls::add);
  }

  private void children(Segment root, List<Segment> children) {
    if (children.isEmpty()) {
      return;
    }
    long total = children.stream().mapToLong(Segment::length).sum();
    long least =
        children.stream().mapToLong(c -> (long) c.length() * (root.length() + c.length())).sum();
    if (total * (root.length() + total) <= WASTE * least) {
      int count = (int) total;
      add(
          new Call(
              children.getFirst().start(),
              count,
              -1,
              0,
              root.start(),
              root.length() + count,
              List.copyOf(children)));
      return;
    }
    for (var child : children) {
      add(
          new Call(
              child.start(),
              child.length(),
              root.start(),
              root.length(),
              child.start(),
              child.length(),
              List.of(child)));
    }
  }

  /// What a call adds to its scores, `[queries, keys]`: 0 where a query sees a key, minus infinity
  /// elsewhere. One element where plain causal attention says the same.
  private Tensor mask(Call call, Settings settings) {
    int window = settings.window();
    boolean narrow = window > 0 && call.count > window;
    if (call.causal() && !narrow && settings.softCap() == 0) {
      return Ops.floats(new float[1], 1);
    }
    var mask = new float[call.count * call.keys()];
    java.util.Arrays.fill(mask, Float.NEGATIVE_INFINITY);
    var positions = layout.positions();
    int row = 0;
    for (var segment : call.segments) {
      int end = Math.min(segment.start() + segment.length(), call.from + call.count);
      for (int t = Math.max(segment.start(), call.from); t < end; t++, row++) {
        for (int column = 0; column < call.keys(); column++) {
          int key =
              column < call.prefixCount
                  ? call.prefix + column
                  : call.keysFrom + column - call.prefixCount;
          boolean own = key >= segment.start() && key <= t;
          boolean ofPrefix =
              segment.prefix() >= 0 && in(layout.segments().get(segment.prefix()), key);
          boolean near = window == 0 || positions[t] - positions[key] < window;
          if ((own || ofPrefix) && near) {
            mask[row * call.keys() + column] = 0;
          }
        }
      }
    }
    return Ops.floats(mask, call.count, call.keys());
  }

  private static boolean in(Segment segment, int token) {
    return token >= segment.start() && token < segment.start() + segment.length();
  }

  @Override
  public Tensor attend(int layer, Tensor query, Tensor key, Tensor value, Settings settings) {
    var parts = new ArrayList<Tensor>();
    var ready = masks.get(settings);
    if (ready == null) {
      throw new IllegalStateException("a kind of attention that no layer declares");
    }
    for (int i = 0; i < calls.size(); i++) {
      var call = calls.get(i);
      var mask = ready.get(i);
      var q = heads(query.narrow(0, call.from - stretch.from(), call.count));
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
      parts.add(mixed.transpose(1, 2).reshape(call.count, query.size(1) * value.size(2)));
    }
    return Ops.concatenate(parts, 0);
  }

  /// `[T, heads, d]` to `[1, heads, T, d]`.
  private static Tensor heads(Tensor x) {
    return x.transpose(0, 1).unsqueeze(0);
  }

  private static Tensor keys(Tensor all, Call call) {
    var main = all.narrow(0, call.keysFrom, call.keysCount);
    return call.prefix < 0
        ? main
        : Ops.concatenate(List.of(all.narrow(0, call.prefix, call.prefixCount), main), 0);
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
