package io.alidade.model;

import io.alidade.tensor.Reordered;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/// Reordered copies of weights, made when they are first used, held by all that use them and freed
/// by the last.
final class Reorderings implements AutoCloseable {
  private final Map<String, Reordered> copies = new HashMap<>();
  private int holders = 1;

  /// The copy of a weight.
  ///
  /// @param weight `[out, in]`, asked for if there is no copy yet
  synchronized Reordered of(String name, Supplier<Tensor> weight) {
    return copies.computeIfAbsent(name, _ -> Reordered.of(weight.get()));
  }

  /// Memory that the copies take.
  synchronized long bytes() {
    return copies.values().stream().mapToLong(Reordered::bytes).sum();
  }

  /// One more holder.
  synchronized Reorderings held() {
    holders++;
    return this;
  }

  /// Forgets copies of weights that have changed.
  synchronized void clear() {
    copies.values().forEach(Reordered::close);
    copies.clear();
  }

  @Override
  public synchronized void close() {
    holders--;
    if (holders == 0) {
      clear();
    }
  }
}
