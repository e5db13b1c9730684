package io.alidade.model.causal;

import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/// Sizes of grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245).
///
/// @param query number of query heads, a multiple of `keyValue`
/// @param keyValue number of key and value heads
/// @param size d, width of one head
record Heads(int query, int keyValue, int size) {
  /// As configurations name them; without `head_dim` heads share the hidden size.
  static Heads of(ModelConfig config) {
    return of(config, Optional.empty());
  }

  /// The same with a default for `head_dim`.
  static Heads of(ModelConfig config, Optional<Integer> size) {
    int query = config.integer("num_attention_heads");
    int keyValue = config.integer("num_key_value_heads", query);
    int hidden = config.integer("hidden_size");
    if (query % keyValue != 0) {
      throw config.bad(
          "num_key_value_heads",
          "is %d, which does not divide %d heads".formatted(keyValue, query));
    }
    if (!config.present("head_dim") && size.isEmpty() && hidden % query != 0) {
      throw config.bad(
          "hidden_size", "is %d, which %d heads do not divide".formatted(hidden, query));
    }
    return new Heads(query, keyValue, config.integer("head_dim", size.orElse(hidden / query)));
  }

  /// Width of all query heads.
  int queryWidth() {
    return query * size;
  }

  /// Width of all key heads, and of all value heads.
  int keyValueWidth() {
    return keyValue * size;
  }

  /// `[T, n * d]` to `[T, n, d]`.
  Tensor split(Tensor x) {
    return x.unflatten(1, x.size(1) / size, size);
  }
}
