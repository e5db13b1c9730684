package io.alidade.world;

import io.alidade.Check;
import io.alidade.learning.Optimizer;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/// Plain gradient descent, `w ← w - rate · g`, without state and without a bound on the gradient:
/// for worlds whose path is worth following as the equation gives it.
///
/// @param learningRate positive
public record GradientDescent(double learningRate) implements Optimizer {
  /// Checks the range.
  public GradientDescent {
    Check.positive("learning_rate", learningRate);
  }

  @Override
  public double maxGradNorm() {
    return Double.POSITIVE_INFINITY;
  }

  @Override
  public Updater open(SequencedMap<String, Tensor> parameters) {
    return new Descent(List.copyOf(parameters.values()));
  }

  private record Descent(List<Tensor> weights) implements Updater {
    @Override
    public double update(double learningRate) {
      try (var _ = new Step()) {
        return Grad.off(() -> {
          var squares = new ArrayList<Tensor>();
          for (var weight : weights) {
            if (Grad.has(weight)) {
              squares.add(Grad.gathered(weight).square().sum());
            }
          }
          double norm = squares.isEmpty() ? 0 : Math.sqrt(Ops.number(Ops.stack(squares).sum()));
          if (Double.isFinite(norm)) {
            for (var weight : weights) {
              if (Grad.has(weight)) {
                weight.detach().sub_(Ops.times(Grad.gathered(weight), learningRate));
                Grad.clear(weight);
              }
            }
          }
          return norm;
        });
      }
    }

    @Override
    public SequencedMap<String, Tensor> state() {
      return new LinkedHashMap<>();
    }

    @Override
    public void restore(Map<String, Tensor> state) {}

    @Override
    public void close() {}
  }
}
