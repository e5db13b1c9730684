package io.alidade.learning;

import io.alidade.Default;
import io.alidade.tensor.Fused;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, with the bias corrections of Adam).
///
///     m ← beta1·m + (1 - beta1)·g          v ← beta2·v + (1 - beta2)·g²
///     w ← w - rate·decay·w                 w ← w - rate · (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// Decay applies to matrices and embeddings, not to norms and biases (tensors of one dimension), as is usual for transformers. The moments are float32. A parameter of
/// lower precision has a float32 master copy, which is what is updated and then rounded into the parameter.
///
/// @param learningRate peak rate, in `[0, 1e30]`
/// @param beta1        decay of the first moment, in `[0, 1)`
/// @param beta2        decay of the second moment, in `[0, 1)`
/// @param epsilon      added to the root of the second moment, in `(0, 1]`
/// @param weightDecay  decoupled decay per unit of rate, in `[0, 1e6]`
/// @param maxGradNorm  the gradient of a step is scaled down to this norm, in `(0, 1e30]`
public record AdamW(
    double learningRate,
    @Default("0.9") double beta1,
    @Default("0.999") double beta2,
    @Default("1.0e-8") double epsilon,
    @Default("0.0") double weightDecay,
    @Default("1.0") double maxGradNorm)
    implements Optimizer {
  /// Checks the ranges.
  public AdamW {
    AdamRanges.check(learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm);
  }

  @Override
  public Updater open(SequencedMap<String, Tensor> parameters) {
    return new Moments(this, parameters);
  }

  private record Pair(String name, Tensor weight, Owned first, Owned second, Owned master)
      implements Adam.Slot {
    @Override
    public void put(SequencedMap<String, Tensor> state) {
      state.put(name + ".exp_avg", first.tensor());
      state.put(name + ".exp_avg_sq", second.tensor());
    }

    @Override
    public void close() {
      first.close();
      second.close();
      master.close();
    }
  }

  private static final class Moments extends Adam<Pair> {
    private final AdamW constants;

    Moments(AdamW constants, SequencedMap<String, Tensor> parameters) {
      super(constants.beta1, constants.weightDecay, constants.maxGradNorm);
      this.constants = constants;
      try (var _ = new Step()) {
        parameters.forEach((name, weight) -> {
          var type = Ops.type(weight) == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
          var plain = weight.detach();
          add(
              new Pair(
                  name,
                  weight,
                  Owned.keep(torch.zeros_like(plain).to(type)),
                  Owned.keep(torch.zeros_like(plain).to(type)),
                  Owned.keep(Ops.type(plain) == type ? plain : plain.to(type))));
        });
      }
    }

    @Override
    void update(Pair slot, long steps, double rate, double decay, double scale) {
      var master = slot.master.tensor();
      Fused.adamW(
          master,
          Grad.gathered(slot.weight).to(master.scalar_type()),
          slot.first.tensor(),
          slot.second.tensor(),
          steps,
          rate,
          constants.beta1,
          constants.beta2,
          decay,
          constants.epsilon,
          Math.min(1 / scale, Float.MAX_VALUE));
    }
  }
}
