package io.alidade.model.adapter;

import static org.bytedeco.pytorch.global.torch.linear;

import io.alidade.UserException;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The weights of a low-rank adapter on the linear modules of a model. They are kept in float32 (or
/// wider) also where the model is not, as PEFT keeps them.
public final class Lora implements AutoCloseable {
  /// A linear module that can be adapted.
  ///
  /// @param in inputs
  /// @param out outputs
  public record Module(long in, long out) {}

  private record Factors(Owned a, Owned b, double scale) {}

  private final LoraSpec spec;
  private final SequencedMap<String, Factors> factors = new LinkedHashMap<>();

  private Lora(LoraSpec spec) {
    this.spec = spec;
  }

  /// A new adapter that changes nothing yet: `A` uniform in `±1/sqrt(in)` (Kaiming with a = √5, as
  /// PEFT draws it), `B` zero.
  ///
  /// @param modules every linear module of the model, by name
  /// @param usual what [Targets.Usual] stands for
  /// @param type of the factors
  /// @param seed of `A`
  public static Lora fresh(
      LoraSpec spec,
      SequencedMap<String, Module> modules,
      List<String> usual,
      ScalarType type,
      long seed) {
    try (var random = new Rng(seed)) {
      return make(
          spec,
          modules,
          usual,
          (name, shape) -> {
            if (name.endsWith("lora_B.weight")) {
              return Ops.zeros(type, shape);
            }
            double bound = 1 / Math.sqrt((double) shape[1]);
            return Ops.plus(Ops.times(random.uniform(shape), 2 * bound), -bound).to(type);
          });
    }
  }

  /// An adapter with given weights.
  ///
  /// @param weights gives a tensor by its name, `MODULE.lora_A.weight` or `MODULE.lora_B.weight`,
  ///   and the shape it must have
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
    for (var name : chosen(spec.targets(), modules.sequencedKeySet(), usual)) {
      var module = Objects.requireNonNull(modules.get(name));
      int rank = spec.rank(name);
      try (var _ = new Step()) {
        var a = weights.apply(name + ".lora_A.weight", new long[] {rank, module.in()});
        var b = weights.apply(name + ".lora_B.weight", new long[] {module.out(), rank});
        lora.factors.put(name, new Factors(Owned.keep(a), Owned.keep(b), spec.scale(name)));
      }
    }
    return lora;
  }

  private static List<String> chosen(
      Targets targets, Iterable<String> modules, List<String> usual) {
    return switch (targets) {
      case Targets.AllLinear _ -> all(modules);
      case Targets.Usual _ -> named(modules, usual);
      case Targets.Names(var names) -> named(modules, names);
      case Targets.Pattern(var regex) -> {
        var chosen = all(modules).stream().filter(name -> name.matches(regex)).toList();
        if (chosen.isEmpty()) {
          throw new UserException(
              "target_modules: '%s' matches no linear module; they are named like %s"
                  .formatted(regex, all(modules).getFirst()));
        }
        yield chosen;
      }
    };
  }

  private static List<String> all(Iterable<String> modules) {
    var all = new ArrayList<String>();
    modules.forEach(all::add);
    return all;
  }

  private static List<String> named(Iterable<String> modules, List<String> names) {
    for (var name : names) {
      if (all(modules).stream().noneMatch(module -> is(module, name))) {
        throw new UserException(
            "target_modules: no linear module is named '%s'; there are %s"
                .formatted(name, lastParts(modules)));
      }
    }
    return all(modules).stream()
        .filter(module -> names.stream().anyMatch(name -> is(module, name)))
        .toList();
  }

  private static boolean is(String module, String name) {
    return module.equals(name) || module.endsWith("." + name);
  }

  private static List<String> lastParts(Iterable<String> modules) {
    return all(modules).stream()
        .map(name -> name.substring(name.lastIndexOf('.') + 1))
        .distinct()
        .sorted()
        .toList();
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
                pair.scale));
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
      weights.put(module + ".lora_A.weight", pair.a.tensor());
      weights.put(module + ".lora_B.weight", pair.b.tensor());
    });
    return weights;
  }

  /// `output + scale B A dropout(input)`, or the output itself where the module is not adapted.
  ///
  /// @param draw fixes which inputs are dropped; 0 for none
  public Tensor adapt(String module, Tensor input, Tensor output, long draw) {
    var pair = factors.get(module);
    if (pair == null) {
      return output;
    }
    var a = pair.a.tensor();
    var x = input.to(a.scalar_type());
    var kept = kept(module, x, draw);
    x = kept.isPresent() ? x.mul(kept.get()) : x;
    var more = Ops.times(linear(linear(x, a), pair.b.tensor()), pair.scale);
    return output.add(more).to(output.scalar_type());
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

  /// Backward through [#adapt]: with gradient `g` of the output,
  /// `dB = scale gᵀ (A x)`, `dA = (scale Bᵀ g)ᵀ x`, and `(scale Bᵀ g) A` is added to the gradient of the
  /// input.
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

  /// What is added to the weight of an adapted module, `scale B A`, `[out, in]`.
  public Tensor difference(String module) {
    var pair = factors.get(module);
    if (pair == null) {
      throw new IllegalStateException(module + " is not adapted");
    }
    return Ops.times(pair.b.tensor().matmul(pair.a.tensor()), pair.scale);
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
