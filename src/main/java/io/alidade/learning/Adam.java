package io.alidade.learning;

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

/// What Adam does around the update of a parameter, however it keeps the moments: the gradient's
/// norm and its cut, the count of steps, the masters of short weights, and what a checkpoint holds.
///
/// @param <S> a parameter with its moments
abstract class Adam<S extends Adam.Slot> implements Optimizer.Updater {
  /// A parameter with its moments.
  interface Slot extends AutoCloseable {
    String name();

    /// What the model computes with.
    Tensor weight();

    /// What is updated: the weight itself, or a copy of it of higher precision.
    Owned master();

    /// Whether the master is a copy.
    default boolean low() {
      return Ops.type(weight()) != Ops.type(master().tensor());
    }

    /// Puts the moments into a state, under names that begin with the parameter's.
    void put(SequencedMap<String, Tensor> state);

    @Override
    void close();
  }

  private final double beta1;
  private final double weightDecay;
  private final double maxGradNorm;
  private final List<S> slots = new ArrayList<>();
  private long steps;

  Adam(double beta1, double weightDecay, double maxGradNorm) {
    this.beta1 = beta1;
    this.weightDecay = weightDecay;
    this.maxGradNorm = maxGradNorm;
  }

  /// Adds a parameter and owns its slot from now on.
  final void add(S slot) {
    slots.add(slot);
  }

  /// Updates the master of one parameter that has a gradient. Called inside a step.
  ///
  /// @param steps done, this one included
  /// @param decay per unit of rate: 0 for norms and biases
  /// @param scale that cuts the gradient, in `(0, 1]`
  abstract void update(S slot, long steps, double rate, double decay, double scale);

  @Override
  public final double update(double learningRate) {
    AdamRanges.check(learningRate, beta1, weightDecay, steps + 1);
    return Grad.off(() -> {
      double norm = Grad.norm(slots.stream().map(Slot::weight).toList());
      if (!Double.isFinite(norm)) {
        return norm;
      }
      steps++;
      // As in TRL: the scale is cut at 1 and a small constant keeps it finite.
      double scale = Math.min(1, maxGradNorm / (norm + 1e-6));
      for (var slot : slots) {
        if (Grad.has(slot.weight())) {
          try (var _ = new Step()) {
            double decay = slot.weight().dim() >= 2 ? weightDecay : 0;
            update(slot, steps, learningRate, decay, scale);
            if (slot.low()) {
              slot.weight().detach().copy_(slot.master().tensor());
            }
          }
          Grad.clear(slot.weight());
        }
      }
      return norm;
    });
  }

  @Override
  public final SequencedMap<String, Tensor> state() {
    var state = new LinkedHashMap<String, Tensor>();
    state.put("steps", Ops.longs(new long[] {steps}, 1));
    for (var slot : slots) {
      slot.put(state);
      if (slot.low()) {
        state.put(slot.name() + ".master", slot.master().tensor());
      }
    }
    return state;
  }

  @Override
  public final void restore(Map<String, Tensor> state) {
    Grad.off(() -> {
      var own = state();
      Optimizer.copy(state, own);
      steps = Ops.toLongs(Objects.requireNonNull(own.get("steps")))[0];
      return steps;
    });
  }

  @Override
  public void close() {
    slots.forEach(Slot::close);
  }
}
