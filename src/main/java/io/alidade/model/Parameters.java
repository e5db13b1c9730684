package io.alidade.model;

import io.alidade.model.adapter.Lora;
import io.alidade.model.causal.Weights;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// The weights of a policy: those of the checkpoint, and what an adapter puts beside them.
final class Parameters implements Weights, AutoCloseable {
  private final SequencedMap<String, Owned> base = new LinkedHashMap<>();

  /// Tensors of modules that are trained whole beside an adapter; they stand in for the base's.
  private final SequencedMap<String, Owned> replaced = new LinkedHashMap<>();

  private @Nullable Lora lora;

  /// Adds a weight of the checkpoint and owns it from now on.
  void put(String name, Tensor tensor) {
    base.put(name, Owned.keep(tensor));
  }

  /// Puts an adapter on top and owns it from now on.
  void put(Lora adapter) {
    lora = adapter;
  }

  /// Puts a tensor in the place of the checkpoint's as long as the adapter is on.
  void replace(String name, Tensor tensor) {
    replaced.put(name, Owned.keep(tensor));
  }

  @Nullable Lora lora() {
    return lora;
  }

  SequencedMap<String, Tensor> base() {
    return tensors(base);
  }

  SequencedMap<String, Tensor> replaced() {
    return tensors(replaced);
  }

  private static SequencedMap<String, Tensor> tensors(Map<String, Owned> from) {
    var tensors = new LinkedHashMap<String, Tensor>();
    from.forEach((name, owned) -> tensors.put(name, owned.tensor()));
    return tensors;
  }

  /// A copy with memory of its own and no gradients.
  Parameters copy() {
    var copy = new Parameters();
    try (var _ = new Step()) {
      base().forEach((name, tensor) -> copy.put(name, tensor.detach().clone()));
      replaced().forEach((name, tensor) -> copy.replace(name, tensor.detach().clone()));
    }
    if (lora != null) {
      copy.put(lora.copy());
    }
    return copy;
  }

  /// The weights of the checkpoint as they are in use: with replaced modules, without low-rank
  /// parts.
  SequencedMap<String, Tensor> inUse() {
    var tensors = base();
    tensors.putAll(replaced());
    return tensors;
  }

  /// Makes the replaced tensors the base's and forgets the adapter.
  void settle() {
    replaced.forEach((name, owned) -> {
      var before = base.put(name, owned);
      if (before != null) {
        before.close();
      }
    });
    replaced.clear();
    if (lora != null) {
      lora.close();
      lora = null;
    }
  }

  @Override
  public Tensor get(String name) {
    var owned = replaced.get(name);
    return owned != null ? owned.tensor() : base(name);
  }

  private Tensor base(String name) {
    var owned = base.get(name);
    if (owned == null) {
      throw new IllegalStateException("no weight is named " + name);
    }
    return owned.tensor();
  }

  @Override
  public Tensor adapt(String module, Tensor input, Tensor output, long draw) {
    return lora == null ? output : lora.adapt(module, input, output, draw);
  }

  @Override
  public Tensor adaptBack(String module, Tensor input, Tensor gradient, Tensor sum, long draw) {
    return lora == null ? sum : lora.adaptBack(module, input, gradient, sum, draw);
  }

  /// The same weights as the checkpoint has them.
  Weights withoutAdapter() {
    return new Weights() {
      @Override
      public Tensor get(String name) {
        return base(name);
      }

      @Override
      public Tensor adapt(String module, Tensor input, Tensor output, long draw) {
        return output;
      }

      @Override
      public Tensor adaptBack(String module, Tensor input, Tensor gradient, Tensor sum, long draw) {
        return sum;
      }
    };
  }

  @Override
  public void close() {
    base.values().forEach(Owned::close);
    replaced.values().forEach(Owned::close);
    if (lora != null) {
      lora.close();
    }
  }
}
