package io.alidade.model;

import io.alidade.model.adapter.Lora;
import io.alidade.model.causal.ModelConfig;
import io.alidade.model.causal.Weights;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// The weights of a policy: those of the checkpoint, and what an adapter puts beside them.
final class Parameters implements Weights, AutoCloseable {
  private final SequencedMap<String, Owned> base = new LinkedHashMap<>();

  /// Tensors of modules that are trained whole beside an adapter; they stand in for the base's.
  private final SequencedMap<String, Owned> replaced = new LinkedHashMap<>();

  private @Nullable Lora lora;

  /// Copies of the base's weights for drawing; shared by all that share the base.
  private final Reorderings reorderings;

  /// Weights of which only a copy for drawing is left.
  private final Set<String> released = new HashSet<>();

  Parameters() {
    this(new Reorderings());
  }

  private Parameters(Reorderings reorderings) {
    this.reorderings = reorderings;
  }

  /// The head of a model whose head is its embedding table, and that table; empty otherwise.
  private String tiedHead = "";

  private String tiedTable = "";

  /// Says that the head is the checkpoint's embedding table. A head of its own that an adapter
  /// brings stands in for it, one of the table does not.
  void tie(String head, String table) {
    tiedHead = head;
    tiedTable = table;
  }

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

  /// @throws IllegalStateException if there is no adapter
  Lora adapter() {
    if (lora == null) {
      throw new IllegalStateException("there is no adapter");
    }
    return lora;
  }

  /// The weights of the checkpoint.
  ///
  /// @throws IllegalStateException if some have been released
  SequencedMap<String, Tensor> base() {
    if (!released.isEmpty()) {
      throw onlyDraws();
    }
    return tensors(base);
  }

  private static IllegalStateException onlyDraws() {
    return new IllegalStateException(
        "this model was opened for drawing alone; open it again for anything else");
  }

  /// Whether there are weights of which only a copy for drawing is left.
  boolean drawOnly() {
    return !released.isEmpty();
  }

  /// Frees a weight of which there is a copy for drawing.
  void release(String name) {
    var owned = base.remove(name);
    if (owned != null) {
      owned.close();
      released.add(name);
    }
  }

  /// Whether only a copy for drawing is left of a weight.
  boolean released(String name) {
    return released.contains(name);
  }

  /// Whether a weight is the checkpoint's and is not trained.
  boolean stays(String name) {
    return released.contains(name) || (!replaced.containsKey(name) && !base(name).requires_grad());
  }

  /// The weights of the checkpoint, a tied head among them under its own name.
  SequencedMap<String, Tensor> modules() {
    var tensors = base();
    if (!tiedHead.isEmpty()) {
      tensors.putIfAbsent(tiedHead, base(tiedHead));
    }
    return tensors;
  }

  /// Copies of the checkpoint's weights for drawing, of those that are not trained.
  Reorderings reorderings() {
    return reorderings;
  }

  /// Whether an adapter adds to a module.
  boolean adapts(String module) {
    return lora != null && lora.modules().contains(module);
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
    copy.tie(tiedHead, tiedTable);
    try (var _ = new Step()) {
      base().forEach((name, tensor) -> copy.put(name, tensor.detach().clone()));
      replaced().forEach((name, tensor) -> copy.replace(name, tensor.detach().clone()));
    }
    if (lora != null) {
      copy.put(lora.copy());
    }
    return copy;
  }

  /// A copy of what is trained, without gradients: of the adapter and the modules trained whole
  /// with it, where there is one, above the same base weights; or else of everything.
  Parameters trainedCopy() {
    if (lora == null) {
      return copy();
    }
    var copy = new Parameters(reorderings.held());
    copy.tie(tiedHead, tiedTable);
    try (var _ = new Step()) {
      base.forEach((name, owned) -> copy.put(name, owned.tensor())); // shares memory
      replaced().forEach((name, tensor) -> copy.replace(name, tensor.detach().clone()));
    }
    copy.put(lora.copy());
    return copy;
  }

  /// The weights of the checkpoint in the same memory, without an adapter.
  Parameters sharing() {
    var sharing = new Parameters(reorderings.held());
    sharing.tie(tiedHead, tiedTable);
    base().forEach(sharing::put);
    return sharing;
  }

  /// The weights of the checkpoint as they are in use: with replaced modules, without low-rank
  /// parts.
  SequencedMap<String, Tensor> inUse() {
    var tensors = base();
    tensors.putAll(replaced());
    return tensors;
  }

  /// Adds the adapter to the weights below and forgets it.
  ///
  /// @param transposed whether the weights of modules are `[in, out]`
  void merge(boolean transposed) {
    var adapter = adapter();
    untie();
    for (var module : adapter.modules()) {
      try (var _ = new Step()) {
        Grad.off(() -> {
          var weight = get(module + ".weight");
          var more = adapter.difference(module, transposed);
          return weight.copy_(weight.to(more.scalar_type()).add(more));
        });
      }
    }
    settle();
  }

  /// SHA-256 of a configuration and of the weights in use.
  String fingerprint(ModelConfig config) {
    var tensors = new TreeMap<>(inUse());
    var json = config.json();
    if (lora != null) {
      tensors.putAll(lora.weights());
      json.put("lora", lora.spec().toString()); // the scale is part of what the weights mean
    }
    return Fingerprint.of(json, tensors);
  }

  /// Gives a tied head memory of its own if the adapter changes it or the table, so that each can
  /// take what was learned for it.
  private void untie() {
    boolean changed =
        replaced.containsKey(tiedHead)
            || replaced.containsKey(tiedTable)
            || (lora != null
                && lora.modules().stream()
                    .map(module -> module + ".weight")
                    .anyMatch(name -> name.equals(tiedHead) || name.equals(tiedTable)));
    if (changed && !base.containsKey(tiedHead)) {
      try (var _ = new Step()) {
        put(tiedHead, base(tiedTable).detach().clone());
      }
    }
  }

  /// Makes the replaced tensors the base's and forgets the adapter.
  private void settle() {
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

  /// A weight below whatever an adapter brings.
  Tensor base(String name) {
    var own = base.get(name);
    var owned = own == null && name.equals(tiedHead) ? base.get(tiedTable) : own;
    if (released.contains(name)) {
      throw onlyDraws();
    }
    if (owned == null) {
      throw new IllegalStateException("no weight is named " + name);
    }
    return owned.tensor();
  }

  @Override
  public Tensor adapt(String module, Tensor input, Tensor output, long draw) {
    return lora == null ? output : lora.adapt(module, input, output, draw, weight -> weight);
  }

  @Override
  public Tensor adaptBack(String module, Tensor input, Tensor gradient, Tensor sum, long draw) {
    return lora == null ? sum : lora.adaptBack(module, input, gradient, sum, draw);
  }

  @Override
  public Tensor adaptRows(String module, Tensor rows, Tensor output) {
    return lora == null ? output : lora.adaptRows(module, rows, output, weight -> weight);
  }

  @Override
  public void adaptRowsBack(String module, Tensor rows, Tensor gradient) {
    if (lora != null) {
      lora.adaptRowsBack(module, rows, gradient);
    }
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

      @Override
      public Tensor adaptRows(String module, Tensor rows, Tensor output) {
        return output;
      }

      @Override
      public void adaptRowsBack(String module, Tensor rows, Tensor gradient) {}
    };
  }

  @Override
  public void close() {
    reorderings.close();
    base.values().forEach(Owned::close);
    replaced.values().forEach(Owned::close);
    if (lora != null) {
      lora.close();
    }
  }
}
