package io.alidade.model;

import io.alidade.UserException;
import io.alidade.model.adapter.Lora;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/// A linear combination of adapters of one shape, `W = W0 + sum_j lambda_j scale B_j A_j`, as one
/// adapter of the sum of their ranks: `A = [A_1; ...; A_k]`, `B = [lambda_1 B_1, ..., lambda_k
/// B_k]`.
public final class CombinedAdapters implements AutoCloseable {
  private final Policy policy;
  private final SequencedMap<String, Owned> whole = new LinkedHashMap<>(); // B with all weights 1
  private final int count;

  /// Begins with equal weights.
  ///
  /// @param like a policy with an adapter of that shape; the memory of its base is shared
  /// @param adapters their tensors by PEFT's names, at least one
  CombinedAdapters(Policy like, List<SequencedMap<String, Tensor>> adapters) {
    count = adapters.size();
    var factors = new LinkedHashMap<String, Tensor>();
    try (var _ = new Step()) {
      for (var name : adapters.getFirst().sequencedKeySet()) {
        var parts =
            adapters.stream().map(a -> Objects.requireNonNull(a.get(name)).detach()).toList();
        factors.put(name, Ops.concatenate(parts, isB(name) ? 1 : 0));
      }
      policy = like.withAdapter(spec -> widened(spec, count), factors);
      policy
          .changeable()
          .forEach((name, tensor) -> {
            if (isB(name)) {
              whole.put(name, Owned.keep(tensor.detach().clone()));
            }
          });
    }
    var equal = new double[count];
    Arrays.fill(equal, 1.0 / count);
    weigh(equal);
  }

  private static boolean isB(String name) {
    return name.contains(".lora_B") || name.contains(".lora_embedding_B");
  }

  /// The same scale at k times the rank.
  private static LoraSpec widened(LoraSpec spec, int k) {
    if (!spec.modulesToSave().isEmpty()) {
      throw new UserException(
          "modules_to_save: modules that are trained whole cannot be combined as adapters are; adapt them instead");
    }
    double alphas = spec.rslora() ? Math.sqrt(k) : k;
    var ranks = new LinkedHashMap<>(spec.rankPattern());
    ranks.replaceAll((_, rank) -> rank * k);
    var scales = new LinkedHashMap<>(spec.alphaPattern());
    scales.replaceAll((_, alpha) -> alpha * alphas);
    return new LoraSpec(
        spec.r() * k,
        spec.alpha() * alphas,
        0,
        spec.targets(),
        spec.rslora(),
        spec.modulesToSave(),
        ranks,
        scales,
        spec.layersToTransform(),
        spec.excluded());
  }

  /// The combination as a model. Its factors gather gradients.
  public Policy policy() {
    return policy;
  }

  /// Sets the weights.
  ///
  /// @param lambda one for each adapter
  public void weigh(double... lambda) {
    if (lambda.length != count) {
      throw new IllegalArgumentException(count + " weights, not " + lambda.length);
    }
    Grad.off(() -> {
      policy
          .changeable()
          .forEach((name, tensor) -> {
            if (isB(name)) {
              try (var _ = new Step()) {
                var parts = blocks(Objects.requireNonNull(whole.get(name)).tensor());
                for (int j = 0; j < count; j++) {
                  parts.set(j, Ops.times(parts.get(j), lambda[j]));
                }
                tensor.copy_(Ops.concatenate(parts, 1));
              }
            }
          });
      return lambda;
    });
  }

  /// The gradient with respect to the weights, from that of the factors: with `B'_j = lambda_j
  /// B_j`, `dL/dlambda_j = sum <dL/dB'_j, B_j>`. What was gathered is forgotten.
  public double[] slope() {
    return Grad.off(() -> {
      var slope = new double[count];
      for (var entry : policy.trainable().entrySet()) {
        var leaf = entry.getValue();
        if (isB(entry.getKey()) && Grad.has(leaf)) {
          try (var _ = new Step()) {
            var product =
                Grad.gathered(leaf).mul(Objects.requireNonNull(whole.get(entry.getKey())).tensor());
            var parts = blocks(product);
            for (int j = 0; j < count; j++) {
              slope[j] += Ops.number(parts.get(j).sum());
            }
          }
        }
        Grad.clear(leaf);
      }
      return slope;
    });
  }

  private List<Tensor> blocks(Tensor b) {
    long rank = b.size(1) / count;
    var parts = new ArrayList<Tensor>();
    for (int j = 0; j < count; j++) {
      parts.add(b.narrow(1, j * rank, rank));
    }
    return parts;
  }

  /// Builds an adapter of given factors beside others.
  ///
  /// @param factors by PEFT's names
  static Lora lora(
      LoraSpec spec,
      SequencedMap<String, Lora.Module> modules,
      List<String> usual,
      Map<String, Tensor> factors,
      java.util.function.UnaryOperator<String> named) {
    return Lora.of(
        spec,
        modules,
        usual,
        (name, shape) -> {
          var factor = factors.get(named.apply(name));
          if (factor == null || !Arrays.equals(Ops.shape(factor), shape)) {
            throw new IllegalStateException(name + " is not there in its shape");
          }
          return factor;
        });
  }

  @Override
  public void close() {
    whole.values().forEach(Owned::close);
    policy.close();
  }
}
