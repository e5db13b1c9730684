package io.alidade.learning;

import io.alidade.Default;
import io.alidade.tensor.Fused;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /// One parameter with its moments.
  private record Slot(String name, Tensor weight, Owned first, Owned second, Owned master) {
    boolean low() {
      return Ops.type(weight) != Ops.type(master.tensor());
    }
  }

  private static final class Moments implements Updater {
    private final AdamW constants;
    private final List<Slot> slots = new ArrayList<>();
    private long steps;

    Moments(AdamW constants, SequencedMap<String, Tensor> parameters) {
      this.constants = constants;
      try (var _ = new Step()) {
        parameters.forEach((name, weight) -> {
          var type = Ops.type(weight) == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
          var plain = weight.detach();
          slots.add(
              new Slot(
                  name,
                  weight,
                  Owned.keep(torch.zeros_like(plain).to(type)),
                  Owned.keep(torch.zeros_like(plain).to(type)),
                  Owned.keep(Ops.type(plain) == type ? plain : plain.to(type))));
        });
      }
    }

    @Override
    public double update(double learningRate) {
      AdamRanges.check(learningRate, constants.beta1, constants.weightDecay, steps + 1);
      return Grad.off(() -> {
        double norm = Grad.norm(slots.stream().map(Slot::weight).toList());
        if (!Double.isFinite(norm)) {
          return norm;
        }
        steps++;
        // As in TRL: the scale is cut at 1 and a small constant keeps it finite.
        double scale = Math.min(1, constants.maxGradNorm / (norm + 1e-6));
        for (var slot : slots) {
          if (Grad.has(slot.weight)) {
            try (var _ = new Step()) {
              update(slot, learningRate, scale);
            }
            Grad.clear(slot.weight);
          }
        }
        return norm;
      });
    }

    private void update(Slot slot, double rate, double scale) {
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
          master.dim() >= 2 ? constants.weightDecay : 0,
          constants.epsilon,
          Math.min(1 / scale, Float.MAX_VALUE));
      if (slot.low()) {
        slot.weight.detach().copy_(master);
      }
    }

    @Override
    public SequencedMap<String, Tensor> state() {
      var state = new LinkedHashMap<String, Tensor>();
      state.put("steps", Ops.longs(new long[] {steps}, 1));
      for (var slot : slots) {
        state.put(slot.name + ".exp_avg", slot.first.tensor());
        state.put(slot.name + ".exp_avg_sq", slot.second.tensor());
        if (slot.low()) {
          state.put(slot.name + ".master", slot.master.tensor());
        }
      }
      return state;
    }

    @Override
    public void restore(Map<String, Tensor> state) {
      Grad.off(() -> {
        var own = state();
        Optimizer.copy(state, own);
        steps = Ops.toLongs(Objects.requireNonNull(own.get("steps")))[0];
        return steps;
      });
    }

    @Override
    public void close() {
      for (var slot : slots) {
        slot.first.close();
        slot.second.close();
        slot.master.close();
      }
    }
  }
}
