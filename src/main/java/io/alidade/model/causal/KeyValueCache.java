package io.alidade.model.causal;

import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Keys and values of what several rows have read so far, so that each new token is computed by
/// itself. One token a row at a time; rows may be of different lengths.
///
/// Room for every token to come is taken at the start; nothing grows or moves until rows are
/// dropped with [#keep(int[])].
public final class KeyValueCache implements AutoCloseable {
  private Owned[] keys; // a layer: [R, kvHeads, room, d]
  private Owned[] values;
  private int[] lengths; // [R] tokens in the cache
  private final int room;
  private boolean made;

  /// An empty cache.
  ///
  /// @param layers of the model
  /// @param rows R
  /// @param room tokens that a row may come to hold
  public KeyValueCache(int layers, int rows, int room) {
    keys = new Owned[layers];
    values = new Owned[layers];
    lengths = new int[rows];
    this.room = room;
  }

  /// Tokens that each row holds, `[R]`.
  public int[] lengths() {
    return lengths.clone();
  }

  /// Attention for reading prompts: computed by another attention, and remembered.
  ///
  /// @param packed attention over a layout
  /// @param layout prompts as root segments
  /// @param source for each row, the segment that is its prompt; several rows may share one
  public Attention reading(Attention packed, Layout layout, int[] source) {
    for (int row = 0; row < source.length; row++) {
      lengths[row] = layout.segments().get(source[row]).length();
    }
    return (layer, query, key, value, settings) -> {
      remember(keys, layer, key, layout, source);
      remember(values, layer, value, layout, source);
      made = true;
      return packed.attend(layer, query, key, value, settings);
    };
  }

  private void remember(Owned[] store, int layer, Tensor states, Layout layout, int[] source) {
    var all = Ops.zeros(states.scalar_type(), lengths.length, states.size(1), room, states.size(2));
    for (int row = 0; row < source.length; row++) {
      var segment = layout.segments().get(source[row]);
      all.select(0, row)
          .narrow(1, 0, segment.length())
          .copy_(states.narrow(0, segment.start(), segment.length()).transpose(0, 1));
    }
    store[layer] = Owned.keep(all);
  }

  /// Attention for one more token of every row: its key and value join the cache, and it sees what
  /// its row holds. The pass that uses it must run once, and then [#advance()].
  ///
  /// @param architecture whose layers ask
  /// @param type of the queries
  public Attention next(Architecture architecture, ScalarType type) {
    if (!made) {
      throw new IllegalStateException("nothing has been read yet");
    }
    int longest = java.util.stream.IntStream.of(lengths).max().orElse(0) + 1;
    var places = Ops.indices(lengths).view(new long[] {lengths.length, 1, 1, 1});
    Map<Integer, Tensor> masks =
        new HashMap<>(); // by window; made here, outside the steps of single layers
    for (int layer = 0; layer < architecture.layers(); layer++) {
      masks.computeIfAbsent(
          architecture.attention(layer).window(), window -> mask(window, longest).to(type));
    }
    return (layer, query, key, value, settings) -> {
      var allKeys = keys[layer].tensor();
      var allValues = values[layer].tensor();
      put(allKeys, places, key);
      put(allValues, places, value);
      var k = allKeys.narrow(2, 0, longest);
      var v = allValues.narrow(2, 0, longest);
      var q = query.unsqueeze(2); // [R, heads, 1, d]
      var mask = masks.get(settings.window());
      if (mask == null) {
        throw new IllegalStateException("a kind of attention that no layer declares");
      }
      var mixed =
          settings.softCap() > 0
              ? PackedAttention.capped(q, k, v, mask, settings)
              : scaled_dot_product_attention(
                  q,
                  k,
                  v,
                  new TensorOptional(mask),
                  0,
                  false,
                  new DoubleOptional(settings.scale()),
                  q.size(1) != k.size(1));
      return mixed.reshape(lengths.length, query.size(1) * value.size(2));
    };
  }

  private static void put(Tensor all, Tensor places, Tensor one) {
    var added = one.unsqueeze(2); // [R, kvHeads, 1, d]
    all.scatter_(2, places.expand_as(added), added);
  }

  /// 0 where a row's new token sees, minus infinity elsewhere, `[R, 1, 1, longest]`.
  private Tensor mask(int window, int longest) {
    var mask = new float[lengths.length * longest];
    for (int row = 0; row < lengths.length; row++) {
      for (int column = 0; column < longest; column++) {
        boolean sees = column <= lengths[row] && (window == 0 || lengths[row] - column < window);
        mask[row * longest + column] = sees ? 0 : Float.NEGATIVE_INFINITY;
      }
    }
    return Ops.floats(mask, lengths.length, 1, 1, longest);
  }

  /// Counts the token that [#next(Architecture, ScalarType)] added to every row.
  public void advance() {
    for (int row = 0; row < lengths.length; row++) {
      lengths[row]++;
    }
  }

  /// Drops all rows but these, in this order.
  public void keep(int[] rows) {
    var index = Ops.indices(rows);
    replace(keys, index);
    replace(values, index);
    lengths = java.util.stream.IntStream.of(rows).map(row -> lengths[row]).toArray();
  }

  private static void replace(Owned[] store, Tensor index) {
    for (int layer = 0; layer < store.length; layer++) {
      var old = store[layer];
      store[layer] = Owned.keep(old.tensor().index_select(0, index));
      old.close();
    }
  }

  @Override
  public void close() {
    if (made) {
      for (int layer = 0; layer < keys.length; layer++) {
        keys[layer].close();
        values[layer].close();
      }
    }
  }
}
