package io.alidade.model.causal;

import io.alidade.tensor.Grad;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;

/// A pass through layers whose backward pass is written down.
public final class WrittenLayers {
  private final Decoder decoder;

  WrittenLayers(Decoder decoder) {
    this.decoder = decoder;
  }

  /// A pass, forward, that can go backward once.
  public final class Run {
    private final Pass pass;
    private final List<Map<Decoder.Kept, Tensor>> layers = new ArrayList<>();
    private final Tensor last; // before the last norm
    private final Tensor hidden;

    private Run(Pass pass, int count, int repeated) {
      this.pass = pass;
      var input = Step.inner(() -> Grad.off(() -> decoder.embed(pass)));
      for (int layer = 0; layer < count; layer++) {
        int at = layer;
        var in = input;
        var kept =
            Step.innerAll(() ->
                Grad.off(() -> {
                  boolean again = at < repeated;
                  var all = decoder.forward(pass, at, in, !again);
                  if (again) {
                    all.keySet().retainAll(List.of(Decoder.Kept.INPUT, Decoder.Kept.OUTPUT));
                  }
                  return all;
                }));
        input = Objects.requireNonNull(kept.remove(Decoder.Kept.OUTPUT));
        layers.add(kept);
      }
      last = input;
      var end = input;
      hidden = Step.inner(() -> Grad.off(() -> decoder.finish(pass, end)));
    }

    /// Hidden states after the last norm, `[T, hidden]`.
    public Tensor hidden() {
      return hidden;
    }

    /// Adds to the gradients of the weights.
    ///
    /// @param gradient with respect to [#hidden()]
    public void backward(Tensor gradient) {
      var flowing =
          Step.inner(() -> Grad.off(() -> decoder.finishBack(pass, last, gradient)));
      for (int layer = layers.size() - 1; layer >= 0; layer--) {
        int at = layer;
        var above = flowing;
        var kept = layers.remove(layer);
        flowing =
            Step.inner(() ->
                Grad.off(() -> {
                  var all =
                      kept.containsKey(Decoder.Kept.MIXED)
                          ? kept
                          : decoder.forward(
                              pass,
                              at,
                              Objects.requireNonNull(kept.get(Decoder.Kept.INPUT)),
                              true);
                  return decoder.backward(pass, at, all, above);
                }));
        kept.values().forEach(Tensor::close); // their memory is free at once
        above.close();
      }
      try (var _ = new Step()) {
        var below = flowing;
        Grad.off(() -> {
          decoder.embedBack(pass, below);
          return below;
        });
      }
    }
  }

  /// Runs the layers forward.
  ///
  /// @param repeated how many layers, from the first, keep only what came in and are computed again
  ///   in the backward pass (Chen et al. 2016, arXiv:1604.06174)
  public Run run(Pass pass, int repeated) {
    return new Run(pass, decoder.ropes().size(), repeated);
  }
}
