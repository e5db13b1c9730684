package io.alidade.learning;

import io.alidade.Check;
import io.alidade.model.FastAndSlow;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/// An optimizer for the fast and one for the slow model of [FastSlow]. The gradient of both
/// together is cut to the largest norm.
///
/// @param slowRatio the slow model's rate over the fast one's, in `(0, 1]`
/// @param adam of the fast model
public record TwoSpeeds(double slowRatio, AdamW adam) implements Optimizer {
  /// A largest norm that cuts nothing.
  private static final double UNCUT = 1e30;

  /// Checks the range.
  public TwoSpeeds {
    Check.positive("slow_ratio", slowRatio);
    Check.between("slow_ratio", 0, 1, slowRatio);
  }

  @Override
  public double learningRate() {
    return adam.learningRate();
  }

  @Override
  public double maxGradNorm() {
    return adam.maxGradNorm();
  }

  @Override
  public Updater open(SequencedMap<String, Tensor> parameters) {
    var uncut =
        new AdamW(
            adam.learningRate(),
            adam.beta1(),
            adam.beta2(),
            adam.epsilon(),
            adam.weightDecay(),
            UNCUT);
    return new Both(
        this,
        List.copyOf(parameters.values()),
        uncut.open(Parts.of(parameters, FastAndSlow.FAST)),
        uncut.open(Parts.of(parameters, FastAndSlow.SLOW)));
  }

  private record Both(TwoSpeeds constants, List<Tensor> all, Updater fast, Updater slow)
      implements Updater {
    @Override
    public double update(double learningRate) {
      double norm = Parts.norm(all);
      if (!Double.isFinite(norm)) {
        return norm;
      }
      double scale = Math.min(1, constants.maxGradNorm() / (norm + 1e-6));
      if (scale < 1) {
        Grad.off(() -> {
          for (var weight : all) {
            if (Grad.has(weight)) {
              Grad.gathered(weight).mul_(Ops.scalar(scale));
            }
          }
          return scale;
        });
      }
      fast.update(learningRate);
      slow.update(learningRate * constants.slowRatio);
      return norm;
    }

    @Override
    public SequencedMap<String, Tensor> state() {
      return Parts.joined(Map.of(FastAndSlow.FAST, fast.state(), FastAndSlow.SLOW, slow.state()));
    }

    @Override
    public void restore(Map<String, Tensor> state) {
      fast.restore(Parts.of(state, FastAndSlow.FAST));
      slow.restore(Parts.of(state, FastAndSlow.SLOW));
    }

    @Override
    public void close() {
      fast.close();
      slow.close();
    }
  }
}
