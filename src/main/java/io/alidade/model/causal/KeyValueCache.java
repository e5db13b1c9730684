package io.alidade.model.causal;

import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import io.alidade.tensor.Crew;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;

/// Keys and values of what one sequence has read so far, so that each new token is computed by
/// itself.
///
/// Room for every token to come is taken when the sequence begins; nothing grows or moves after
/// that. Each sequence has memory of its own, so sequences join and leave a batch without a copy,
/// and what one attends to is exactly as long as it is: no mask, no padding, and no trace of the
/// others in its arithmetic.
public final class KeyValueCache implements AutoCloseable {
  /// What one layer holds of keys, or of values.
  ///
  /// @param view `[1, kvHeads, room, d]`, over memory that lies token by token
  /// @param memory the same, `room` tokens of `kvHeads * d` numbers
  private record Store(Owned view, MemorySegment memory) {
    static Store of(Tensor states, int room) {
      var all = Ops.zeros(states.scalar_type(), room, states.size(1), states.size(2));
      all.narrow(0, 0, states.size(0)).copy_(states);
      return new Store(Owned.keep(all.transpose(0, 1).unsqueeze(0)), Ops.memory(all));
    }

    Tensor slice(int from, int count) {
      return view.tensor().narrow(2, from, count);
    }

    /// Puts row `row` of `[T, kvHeads, d]` at a place.
    void put(int place, int room, MemorySegment states, int row) {
      long bytes = memory.byteSize() / room;
      MemorySegment.copy(states, row * bytes, memory, place * bytes, bytes);
    }
  }

  private final Store[] keys; // one a layer
  private final Store[] values;
  private final int room;
  private int length;

  /// An empty cache.
  ///
  /// @param layers of the model
  /// @param room tokens that the sequence may come to hold
  public KeyValueCache(int layers, int room) {
    keys = new Store[layers];
    values = new Store[layers];
    this.room = room;
  }

  /// Tokens that it holds.
  public int length() {
    return length;
  }

  /// Attention for reading prompts: computed by another attention, and remembered.
  ///
  /// @param caches of each prompt
  /// @param prompts that are read, one after the other
  /// @param packed attention over a layout of these prompts
  public static Attention reading(
      List<KeyValueCache> caches, List<int[]> prompts, Attention packed) {
    return (layer, query, key, value, settings) -> {
      int from = 0;
      for (int i = 0; i < prompts.size(); i++) {
        var cache = caches.get(i);
        cache.length = prompts.get(i).length;
        cache.keys[layer] = Store.of(key.narrow(0, from, cache.length), cache.room);
        cache.values[layer] = Store.of(value.narrow(0, from, cache.length), cache.room);
        from += cache.length;
      }
      return packed.attend(layer, query, key, value, settings);
    };
  }

  /// The same tokens in memory of their own; one prompt is read once and begins many sequences.
  ///
  /// @param other room of the copy
  public KeyValueCache copy(int other) {
    var copy = new KeyValueCache(keys.length, other);
    copy.length = length;
    for (int layer = 0; layer < keys.length; layer++) {
      copy.keys[layer] = Store.of(tokens(keys[layer]), other);
      copy.values[layer] = Store.of(tokens(values[layer]), other);
    }
    return copy;
  }

  private Tensor tokens(Store store) {
    return store.slice(0, length).squeeze(0).transpose(0, 1);
  }

  /// Attention for one more token of each of several sequences: its key and value join its cache,
  /// and it sees what the cache holds. The pass that uses it must run once, and then [#advance()]
  /// be called of each.
  ///
  /// @param caches of the first tokens of the pass; tokens beyond them see nothing
  public static Attention next(List<KeyValueCache> caches) {
    return new Next(List.copyOf(caches));
  }

  private record Next(List<KeyValueCache> caches) implements Attention {
    @Override
    public boolean stepwise() {
      return true;
    }

    @Override
    public Tensor attend(int layer, Tensor query, Tensor key, Tensor value, Settings settings) {
      long tokens = query.size(0);
      long heads = query.size(1);
      long groups = key.size(1);
      // The heads that share keys become the queries of one product: no key is copied for them.
      var grouped = query.reshape(tokens, groups, heads / groups, query.size(2));
      var ownKey = key.contiguous(); // named, so that memory lives as long as it is read
      var ownValue = value.contiguous();
      var newKeys = Ops.memory(ownKey);
      var newValues = Ops.memory(ownValue);
      var type = query.scalar_type();
      var mixed =
          tokens == caches.size()
              ? Ops.empty(type, tokens, groups, heads / groups, value.size(2))
              : Ops.zeros(type, tokens, groups, heads / groups, value.size(2));
      Crew.each(
          caches.size(),
          row -> {
            var cache = caches.get(row);
            cache.keys[layer].put(cache.length, cache.room, newKeys, row);
            cache.values[layer].put(cache.length, cache.room, newValues, row);
            try (var _ = new Step()) {
              var own = cache.attend(layer, grouped.narrow(0, row, 1), settings);
              mixed.narrow(0, row, 1).copy_(own);
            }
          });
      return mixed.reshape(tokens, heads * value.size(2));
    }
  }

  /// @param query `[1, kvHeads, heads / kvHeads, d]` of the token after those counted
  private Tensor attend(int layer, Tensor query, Attention.Settings settings) {
    int all = length + 1;
    int seen = settings.window() == 0 ? all : Math.min(all, settings.window());
    var k = keys[layer].slice(all - seen, seen);
    var v = values[layer].slice(all - seen, seen);
    return settings.softCap() > 0
        ? PackedAttention.capped(query, k, v, Ops.zeros(query.scalar_type(), 1), settings)
        : scaled_dot_product_attention(
            query,
            k,
            v,
            new TensorOptional(),
            0,
            false,
            new DoubleOptional(settings.scale()),
            false);
  }

  /// Counts the token that [#next(List)] added.
  public void advance() {
    length++;
  }

  @Override
  public void close() {
    for (int layer = 0; layer < keys.length; layer++) {
      if (keys[layer] != null) {
        keys[layer].view.close();
      }
      if (values[layer] != null) {
        values[layer].view.close();
      }
    }
  }
}
