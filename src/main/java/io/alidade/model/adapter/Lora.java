package io.alidade.model.adapter;

import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.linear;

import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The weights of a low-rank adapter on the linear modules and embedding tables of a model. They
/// are kept in float32 (or wider) also where the model is not, as PEFT keeps them.
public final class Lora implements AutoCloseable {
  /// A module that can be adapted.
  ///
  /// @param in inputs; rows of an embedding table
  /// @param out outputs; width of an embedding
  /// @param kind where it stands
  public record Module(long in, long out, Kind kind) {}

  /// What a module is, as far as targets and PEFT's names go.
  public enum Kind {
    /// A linear module of a layer.
    LINEAR,
    /// The projection to the vocabulary; not among `all-linear`.
    HEAD,
    /// A table of embeddings; reached by name only.
    EMBEDDING
  }

  /// `A [r, in]` and `B [out, r]`.
  private record Factors(Owned a, Owned b, double scale, Kind kind) {
    String name(String module, String factor) {
      return kind == Kind.EMBEDDING
          ? module + ".lora_embedding_" + factor
          : module + ".lora_" + factor + ".weight";
    }
  }

  private final LoraSpec spec;
  private final SequencedMap<String, Factors> factors = new LinkedHashMap<>();

  private Lora(LoraSpec spec) {
    this.spec = spec;
  }

  /// A new adapter that changes nothing yet: `A` uniform in `±1/sqrt(in)` (Kaiming with a = √5, as
  /// PEFT draws it), `B` zero; on embeddings `A` zero and `B` normal.
  ///
  /// @param modules every module of the model that can be adapted, by name
  /// @param usual what [Targets.Usual] stands for
  /// @param type of the factors
  /// @param seed of `A`
  public static Lora fresh(
      LoraSpec spec,
      SequencedMap<String, Module> modules,
      List<String> usual,
      ScalarType type,
      long seed) {
    Reach.excludesSomething(spec, modules.sequencedKeySet());
    try (var random = new Rng(seed)) {
      return make(
          spec,
          modules,
          usual,
          (name, shape) -> {
            if (name.endsWith("lora_embedding_B")) {
              return random.normal(shape).to(type);
            }
            if (name.endsWith("lora_B.weight") || name.endsWith("lora_embedding_A")) {
              return Ops.zeros(type, shape);
            }
            double bound = 1 / Math.sqrt((double) shape[1]);
            return Ops.plus(Ops.times(random.uniform(shape), 2 * bound), -bound).to(type);
          });
    }
  }

  /// An adapter with given weights.
  ///
  /// @param weights gives a tensor by its name, `MODULE.lora_A.weight` or `MODULE.lora_B.weight`
  ///   (`MODULE.lora_embedding_A` or `_B` for an embedding), and the shape it must have
  public static Lora of(
      LoraSpec spec,
      SequencedMap<String, Module> modules,
      List<String> usual,
      BiFunction<String, long[], Tensor> weights) {
    return make(spec, modules, usual, weights);
  }

  private static Lora make(
      LoraSpec spec,
      SequencedMap<String, Module> modules,
      List<String> usual,
      BiFunction<String, long[], Tensor> weights) {
    var lora = new Lora(spec);
    boolean complete = false;
    try {
      for (var name : Reach.of(spec, modules, usual)) {
        var module = Objects.requireNonNull(modules.get(name));
        int rank = spec.rank(name);
        var empty = module.kind() == Kind.EMBEDDING ? ".lora_embedding_%s" : ".lora_%s.weight";
        try (var _ = new Step()) {
          var a = weights.apply(name + empty.formatted("A"), new long[] {rank, module.in()});
          var b = weights.apply(name + empty.formatted("B"), new long[] {module.out(), rank});
          lora.factors.put(
              name, new Factors(Owned.keep(a), Owned.keep(b), spec.scale(name), module.kind()));
        }
      }
      complete = true;
      return lora;
    } finally {
      if (!complete) {
        lora.close();
      }
    }
  }

  /// A copy with weights of its own and no gradients.
  public Lora copy() {
    var copy = new Lora(spec);
    factors.forEach((module, pair) -> {
      try (var _ = new Step()) {
        copy.factors.put(
            module,
            new Factors(
                Owned.keep(pair.a.tensor().detach().clone()),
                Owned.keep(pair.b.tensor().detach().clone()),
                pair.scale,
                pair.kind));
      }
    });
    return copy;
  }

  /// What it was made from.
  public LoraSpec spec() {
    return spec;
  }

  /// The adapted modules.
  public List<String> modules() {
    return List.copyOf(factors.keySet());
  }

  /// All factors, by name.
  public SequencedMap<String, Tensor> weights() {
    var weights = new LinkedHashMap<String, Tensor>();
    factors.forEach((module, pair) -> {
      weights.put(pair.name(module, "A"), pair.a.tensor());
      weights.put(pair.name(module, "B"), pair.b.tensor());
    });
    return weights;
  }

  /// `output + scale B A dropout(input)`, or the output itself where the module is not adapted.
  ///
  /// @param output of the module; may be overwritten
  /// @param draw fixes which inputs are dropped; 0 for none
  /// @param as what stands for a factor in the graph of the pass
  public Tensor adapt(
      String module, Tensor input, Tensor output, long draw, UnaryOperator<Tensor> as) {
    var pair = factors.get(module);
    if (pair == null) {
      return output;
    }
    var a = as.apply(pair.a.tensor());
    var x = input.to(a.scalar_type());
    var kept = kept(module, x, draw);
    x = kept.isPresent() ? x.mul(kept.get()) : x;
    var inner = Ops.times(linear(x, a), pair.scale); // [T, r]
    var b = as.apply(pair.b.tensor());
    return Ops.type(output) == Ops.type(b)
        ? output.addmm_(inner, b.t()) // one pass over what is much larger than `inner`
        : output.add(linear(inner, b)).to(output.scalar_type());
  }

  /// A product `x Wᵀ` with a factor.
  @FunctionalInterface
  public interface Product {
    /// Multiplies.
    ///
    /// @param name of the factor
    /// @param factor `[out, in]`
    /// @param x `[T, in]`
    Tensor of(String name, Tensor factor, Tensor x);
  }

  /// The same as [#adapt] without dropout and with products of another kind, in the type of the
  /// factors.
  public Tensor adapt(String module, Tensor input, Tensor output, Product product) {
    var pair = factors.get(module);
    if (pair == null) {
      return output;
    }
    var inner = product.of(pair.name(module, "A"), pair.a.tensor(), input);
    return output.add_(more(module, pair, inner, product));
  }

  /// `scale B x`.
  private static Tensor more(String module, Factors pair, Tensor x, Product product) {
    return product.of(pair.name(module, "B"), pair.b.tensor(), Ops.times(x, pair.scale));
  }

  /// Which inputs are kept, and by what they are multiplied; absent where all are as they are.
  private Optional<Tensor> kept(String module, Tensor x, long draw) {
    if (draw == 0 || spec.dropout() == 0) {
      return Optional.empty();
    }
    // A stream for each module, so that computing a layer again drops the same inputs.
    try (var random = new Rng(draw ^ (0x9E3779B97F4A7C15L * (module.hashCode() | 1L)))) {
      return Optional.of(random.dropout(spec.dropout(), Ops.shape(x)).to(x.scalar_type()));
    }
  }

  /// Backward through [#adapt]: with gradient `g` of the output, `dB = scale gᵀ (A x)`, `dA =
  /// (scale Bᵀ g)ᵀ x`, and `(scale Bᵀ g) A` is added to the gradient of the input.
  ///
  /// @param sum the gradient of the input through the module itself; may be overwritten
  public Tensor adaptBack(String module, Tensor input, Tensor gradient, Tensor sum, long draw) {
    var pair = factors.get(module);
    if (pair == null) {
      return sum;
    }
    var a = pair.a.tensor();
    var b = pair.b.tensor();
    var x = input.to(a.scalar_type());
    var kept = kept(module, x, draw);
    x = kept.isPresent() ? x.mul(kept.get()) : x;
    var g = gradient.to(a.scalar_type());
    var inner = Ops.times(g.mm(b.detach()), pair.scale); // [T, r]
    if (b.requires_grad()) {
      Grad.addProduct(b, g.t(), Ops.times(linear(x, a.detach()), pair.scale));
    }
    if (a.requires_grad()) {
      Grad.addProduct(a, inner.t(), x);
    }
    if (kept.isEmpty() && Ops.type(sum) == Ops.type(a)) {
      return sum.addmm_(inner, a.detach());
    }
    var more = inner.mm(a.detach());
    return sum.add_(kept.isPresent() ? more.mul_(kept.get()) : more);
  }

  /// Rows of an embedding table with what the adapter adds to them, `[T, out]`.
  ///
  /// @param rows ids, `[T]`
  /// @param output the table's own rows, `[T, out]`
  /// @param as what stands for a factor in the graph of the pass
  public Tensor adaptRows(String module, Tensor rows, Tensor output, UnaryOperator<Tensor> as) {
    var pair = factors.get(module);
    if (pair == null) {
      return output;
    }
    var a = embedding(as.apply(pair.a.tensor()).t(), rows); // [T, r]
    var more = Ops.times(linear(a, as.apply(pair.b.tensor())), pair.scale);
    return output.add(more).to(output.scalar_type());
  }

  /// The same as [#adaptRows] with products of another kind, in the type of the factors.
  public Tensor adaptRows(String module, Tensor rows, Tensor output, Product product) {
    var pair = factors.get(module);
    return pair == null
        ? output
        : output.add_(more(module, pair, embedding(pair.a.tensor().t(), rows), product));
  }

  /// Backward through [#adaptRows]: with gradient `g` of the output, `dB = scale gᵀ a` and, for
  /// each row, `scale Bᵀ g` is added to its column of `dA`.
  public void adaptRowsBack(String module, Tensor rows, Tensor gradient) {
    var pair = factors.get(module);
    if (pair == null) {
      return;
    }
    var a = pair.a.tensor();
    var b = pair.b.tensor();
    var g = gradient.to(a.scalar_type());
    if (b.requires_grad()) {
      var read = embedding(a.detach().t(), rows); // [T, r]
      Grad.addProduct(b, g.t(), Ops.times(read, pair.scale));
    }
    if (a.requires_grad()) {
      var columns = Ops.times(g.mm(b.detach()), pair.scale); // [T, r]
      Grad.add(a, torch.zeros_like(a.detach()).index_add_(1, rows, columns.t()));
    }
  }

  /// What is added to the weight of an adapted module as the module stores it: `scale B A`, `[out,
  /// in]`, or its transpose.
  ///
  /// @param transposed whether the model stores linear weights `[in, out]`
  public Tensor difference(String module, boolean transposed) {
    var pair = factors.get(module);
    if (pair == null) {
      throw new IllegalStateException(module + " is not adapted");
    }
    var more = Ops.times(pair.b.tensor().matmul(pair.a.tensor()), pair.scale);
    boolean turned =
        switch (pair.kind) {
          case LINEAR -> transposed;
          case HEAD -> false;
          case EMBEDDING -> true;
        };
    return turned ? more.t() : more;
  }

  @Override
  public void close() {
    factors
        .values()
        .forEach(pair -> {
          pair.a.close();
          pair.b.close();
        });
  }
}
