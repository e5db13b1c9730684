package io.alidade.model.causal;

import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import io.alidade.model.causal.Layout.Segment;
import io.alidade.tensor.Ops;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
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
/// computed by itself over a copy of the root's keys. Short products of the same shape are computed
/// as one.
public final class PackedAttention implements Attention {
  /// Wasted score computations that are still cheaper than copying keys.
  private static final double WASTE = 2;

  /// Up to so many keys, a copy of queries and keys is cheaper than a product of one's own.
  private static final int SHORT = 64;

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
      return prefix < 0 && from == keysFrom && segments.size() == 1;
    }

    int keys() {
      return Math.max(0, prefixCount) + keysCount;
    }

    /// What two calls must share to be computed as one; a long one stays by itself.
    List<Object> shape() {
      return keys() > SHORT
          ? List.of(from)
          : List.of(
              keysFrom - from,
              prefixCount,
              keysCount,
              segments.getFirst().prefix() < 0,
              segments.stream().map(Segment::length).toList());
    }

    IntStream queryRows() {
      return IntStream.range(from, from + count);
    }

    IntStream keyRows() {
      return IntStream.concat(
          prefix < 0 ? IntStream.empty() : IntStream.range(prefix, prefix + prefixCount),
          IntStream.range(keysFrom, keysFrom + keysCount));
    }
  }

  /// Calls of one shape.
  ///
  /// @param queries rows of all their queries; none for a single call, which takes slices
  /// @param keys rows of all their keys; none for a single call
  private record Bundle(Call first, int size, Optional<Tensor> queries, Optional<Tensor> keys) {
    static Bundle of(List<Call> calls) {
      return calls.size() == 1
          ? new Bundle(calls.getFirst(), 1, Optional.empty(), Optional.empty())
          : new Bundle(
              calls.getFirst(),
              calls.size(),
              Optional.of(Ops.indices(calls.stream().flatMapToInt(Call::queryRows).toArray())),
              Optional.of(Ops.indices(calls.stream().flatMapToInt(Call::keyRows).toArray())));
    }
  }

  private final Layout layout;
  private final List<Bundle> bundles;
  private final Optional<Tensor> order; // place of each token among the bundles' queries
  private final Map<Settings, List<Tensor>> masks = new HashMap<>(); // one a bundle

  /// Prepares masks for all layers; must be made outside the steps of single layers.
  ///
  /// @param type of the queries
  public PackedAttention(Architecture architecture, Layout layout, ScalarType type) {
    this.layout = layout;
    var byShape = new LinkedHashMap<List<Object>, List<Call>>();
    plan().forEach(call -> byShape.computeIfAbsent(call.shape(), _ -> new ArrayList<>()).add(call));
    bundles = byShape.values().stream().map(Bundle::of).toList();
    order = order(byShape.values());
    for (int layer = 0; layer < architecture.layers(); layer++) {
      masks.computeIfAbsent(
          architecture.attention(layer),
          settings ->
              bundles.stream().map(bundle -> mask(bundle.first, settings).to(type)).toList());
    }
  }

  /// The place of each token's row when the queries of all bundles follow each other; none if they
  /// are in order.
  private Optional<Tensor> order(Collection<List<Call>> bundled) {
    var rows = bundled.stream().flatMap(List::stream).flatMapToInt(Call::queryRows).toArray();
    var places = new int[rows.length];
    boolean moved = false;
    for (int i = 0; i < rows.length; i++) {
      places[rows[i]] = i;
      moved |= rows[i] != i;
    }
    return moved ? Optional.of(Ops.indices(places)) : Optional.empty();
  }

  private List<Call> plan() {
    var calls = new ArrayList<Call>();
    var segments = layout.segments();
    for (int i = 0; i < segments.size(); ) {
      var root = segments.get(i);
      if (root.prefix() >= 0) {
        throw new IllegalStateException("a continuation that does not follow its prefix");
      }
      calls.add(
          new Call(root.start(), root.length(), -1, 0, root.start(), root.length(), List.of(root)));
      int end = i + 1;
      while (end < segments.size() && segments.get(end).prefix() == i) {
        end++;
      }
      children(root, segments.subList(i + 1, end), calls);
      i = end;
    }
    return calls;
  }

  private static void children(Segment root, List<Segment> children, List<Call> calls) {
    if (children.isEmpty()) {
      return;
    }
    long total = children.stream().mapToLong(Segment::length).sum();
    long least =
        children.stream().mapToLong(c -> (long) c.length() * (root.length() + c.length())).sum();
    if (total * (root.length() + total) <= WASTE * least) {
      int count = (int) total;
      calls.add(
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
      calls.add(
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
      for (int t = segment.start(); t < segment.start() + segment.length(); t++, row++) {
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
    for (int i = 0; i < bundles.size(); i++) {
      var bundle = bundles.get(i);
      var mask = ready.get(i);
      var q = heads(queries(query, bundle), bundle.size);
      var k = heads(keys(key, bundle), bundle.size);
      var v = heads(keys(value, bundle), bundle.size);
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
      parts.add(
          mixed
              .transpose(1, 2)
              .reshape((long) bundle.size * bundle.first.count, query.size(1) * value.size(2)));
    }
    var mixed = Ops.concatenate(parts, 0);
    return order.map(places -> mixed.index_select(0, places)).orElse(mixed);
  }

  /// `[B * T, heads, d]` to `[B, heads, T, d]`.
  private static Tensor heads(Tensor x, int batch) {
    return x.reshape(batch, x.size(0) / batch, x.size(1), x.size(2)).transpose(1, 2);
  }

  private static Tensor queries(Tensor all, Bundle bundle) {
    return bundle
        .queries
        .map(rows -> all.index_select(0, rows))
        .orElseGet(() -> all.narrow(0, bundle.first.from, bundle.first.count));
  }

  private static Tensor keys(Tensor all, Bundle bundle) {
    return bundle
        .keys
        .map(rows -> all.index_select(0, rows))
        .orElseGet(() -> keys(all, bundle.first));
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
