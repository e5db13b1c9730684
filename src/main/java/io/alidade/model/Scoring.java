package io.alidade.model;

import io.alidade.batch.Readout;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// What a model said of a batch, cut off from how it came to say it. An objective treats the
/// outputs as leaves; the gradient that it finds goes back through [#backward(Map)]. The two phases
/// let an engine compute likelihoods, and propagate gradients, in any way and in any pieces.
public interface Scoring {
  /// The readouts that were asked for, without a graph, in the shapes that [Readout] gives.
  /// Positions outside the mask hold 0. float32 (float64 for a float64 model).
  Map<Readout, Tensor> outputs();

  /// Propagates gradients with respect to outputs into the model's trainable parameters, adding to
  /// what they have gathered. At most once.
  ///
  /// @param gradients by readout, each in the shape of its output; readouts may be absent
  /// @throws IllegalStateException if the scoring was not differentiable
  void backward(Map<Readout, Tensor> gradients);
}
