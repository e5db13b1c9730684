package io.alidade.model;

import io.alidade.batch.Readout;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// What a model said of a batch, cut off from how it came to say it. An objective treats the
/// outputs as leaves; the gradient that it finds goes back through [#backward(Map)]. The two phases
/// let an engine compute likelihoods, and propagate gradients, in any way and in any pieces.
public interface Scoring {
  /// How much was read.
  ///
  /// @param tokens that something was to be said of, or of what follows them
  /// @param places that were computed; more than tokens where shorter sequences were filled up
  record Extent(long tokens, long places) {
    /// Nothing, or nothing that has tokens.
    public static final Extent NONE = new Extent(0, 0);

    /// Both together.
    public Extent plus(Extent other) {
      return new Extent(tokens + other.tokens, places + other.places);
    }
  }

  /// The readouts that were asked for, without a graph, in the shapes that [Readout] gives.
  /// Positions outside the mask hold 0. float32 (float64 for a float64 model).
  Map<Readout, Tensor> outputs();

  /// How much was read for it; nothing where it was known.
  default Extent extent() {
    return Extent.NONE;
  }

  /// Propagates gradients with respect to outputs into the model's trainable parameters, adding to
  /// what they have gathered. At most once.
  ///
  /// @param gradients by readout, each in the shape of its output; readouts may be absent
  /// @throws IllegalStateException if the scoring was not differentiable
  void backward(Map<Readout, Tensor> gradients);
}
