package io.alidade.model.causal;

import io.alidade.tensor.Grad;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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
    private final Optional<Tensor> rows;
    private final Tensor last; // before the last norm
    private final Tensor hidden;

    private Run(Pass pass, int count, int repeated, Tensor wanted) {
      this.pass = pass;
      rows = Optional.of(wanted);
      var input = Step.inner(() -> Grad.off(() -> decoder.embed(pass)));
      for (int layer = 0; layer < count; layer++) {
        int at = layer;
        var in = input;
        var kept =
            Step.innerAll(() ->
                Grad.off(() -> {
                  boolean again = at < repeated;
                  var all = decoder.forward(pass, at, in, !again, rows(at, count));
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

    /// The last layer alone need not compute every token.
    private Optional<Tensor> rows(int layer, int count) {
      return layer + 1 == count ? rows : Optional.empty();
    }

    /// Hidden states after the last norm of the tokens that are wanted, `[R, hidden]`.
    public Tensor hidden() {
      return hidden;
    }

    /// Adds to the gradients of the weights.
    ///
    /// @param gradient with respect to [#hidden()]
    public void backward(Tensor gradient) {
      var flowing = Step.inner(() -> Grad.off(() -> decoder.finishBack(pass, last, gradient)));
      int count = layers.size();
      for (int layer = count - 1; layer >= 0; layer--) {
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
                              true,
                              rows(at, count));
                  return decoder.backward(pass, at, all, above, rows(at, count));
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

  /// Numbers that a layer keeps of each token for its backward pass.
  public long keptPerToken() {
    return decoder.keptPerToken();
  }

  /// Cuts a layout into stretches that take the layers about equally long.
  ///
  /// @param parts at least 1, at most the number of tokens
  public List<Stretch> cut(Layout layout, int parts) {
    return Stretch.cut(layout, parts, decoder.weightsPerToken(), decoder.perVisible());
  }

  /// Hidden states after the last norm of some tokens, without going backward.
  ///
  /// @param rows their indices, `[R]` int64, each once
  public Tensor frozen(Pass pass, Tensor rows) {
    int count = decoder.ropes().size();
    var hidden = Step.inner(() -> Grad.off(() -> decoder.embed(pass)));
    for (int layer = 0; layer < count; layer++) {
      int at = layer;
      var input = hidden;
      hidden =
          Step.inner(() ->
              Grad.off(() ->
                  Objects.requireNonNull(
                      decoder
                          .forward(
                              pass,
                              at,
                              input,
                              false,
                              at + 1 == count ? Optional.of(rows) : Optional.empty())
                          .get(Decoder.Kept.OUTPUT))));
      input.close(); // the memory of a layer's input is free as soon as the layer is through
    }
    var last = hidden;
    return Step.inner(() -> Grad.off(() -> decoder.finish(pass, last)));
  }

  /// Runs the layers forward.
  ///
  /// @param rows the tokens whose hidden states are wanted, `[R]` int64, each once
  /// @param repeated how many layers, from the first, keep only what came in and are computed again
  ///   in the backward pass (Chen et al. 2016, arXiv:1604.06174)
  public Run run(Pass pass, Tensor rows, int repeated) {
    return new Run(pass, decoder.ropes().size(), repeated, rows);
  }
}
