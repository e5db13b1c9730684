package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.tensor.Fused;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  private static final double MOST =
      1e30; // leaves single precision room for what is computed with it

  /// Checks the ranges.
  public AdamW {
    Check.between("learning_rate", 0, MOST, learningRate);
    Check.belowFrom("beta1", 0, 1, beta1);
    Check.belowFrom("beta2", 0, 1, beta2);
    Check.aboveTo("epsilon", 0, 1, epsilon);
    Check.between("weight_decay", 0, 1e6, weightDecay);
    Check.aboveTo("max_grad_norm", 0, MOST, maxGradNorm);
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
      double stride = learningRate / (1 - Math.pow(constants.beta1, steps + 1.0));
      if (!(Math.max(stride, learningRate * constants.weightDecay) <= Float.MAX_VALUE)) {
        throw new UserException(
            "the learning rate of step %d is %s, which single precision cannot hold; lower learning_rate or learning_rate_factor"
                .formatted(steps + 1, learningRate));
      }
      return Grad.off(() -> {
        steps++;
        double norm = norm();
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

    private double norm() {
      try (var _ = new Step()) {
        var squares = new ArrayList<Tensor>();
        for (var slot : slots) {
          if (Grad.has(slot.weight)) {
            squares.add(torch.norm(Grad.gathered(slot.weight)).to(ScalarType.Float));
          }
        }
        return squares.isEmpty() ? 0 : Ops.number(torch.norm(Ops.stack(squares)));
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
        steps = Ops.toLongs(required(state, "steps"))[0];
        for (var slot : slots) {
          slot.first.tensor().copy_(required(state, slot.name + ".exp_avg"));
          slot.second.tensor().copy_(required(state, slot.name + ".exp_avg_sq"));
          if (slot.low()) {
            slot.master.tensor().copy_(required(state, slot.name + ".master"));
          }
        }
        return steps;
      });
    }

    private static Tensor required(Map<String, Tensor> state, String name) {
      var tensor = state.get(name);
      if (tensor == null) {
        throw new io.alidade.UserException(
            "the checkpoint's optimizer state lacks '%s'; it belongs to another model or adapter"
                .formatted(name));
      }
      return tensor;
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
