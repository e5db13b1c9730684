package io.alidade.model;

import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.Pass;
import io.alidade.model.causal.WrittenLayers;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Runs the layers of a model, each in a step of its own so that what is not needed later is freed
/// at once.
final class Trunk {
  /// A forward pass that gradients can be propagated through, once.
  interface Run {
    /// Hidden states after the last norm, `[T, hidden]`, or of the tokens wanted, `[R, hidden]`.
    Tensor hidden();

    /// Adds to the gradients of the weights.
    ///
    /// @param gradient with respect to [#hidden()], in its shape
    void backward(Tensor gradient);
  }

  private Trunk() {}

  /// Hidden states after the last norm, without a graph.
  static Tensor frozen(Architecture architecture, Pass pass) {
    var hidden = Step.inner(() -> Grad.off(() -> architecture.embed(pass)));
    for (int layer = 0; layer < architecture.layers(); layer++) {
      int at = layer;
      var input = hidden;
      hidden = Step.inner(() -> Grad.off(() -> architecture.block(pass, at, input)));
      input.close(); // the memory of a layer's input is free as soon as the layer is through
    }
    var last = hidden;
    return Step.inner(() -> Grad.off(() -> architecture.finish(pass, last)));
  }

  /// Hidden states after the embedding and after each layer, the last one after the last norm.
  static List<Tensor> all(Architecture architecture, Pass pass) {
    var states = new ArrayList<Tensor>();
    states.add(Step.inner(() -> Grad.off(() -> architecture.embed(pass))));
    for (int layer = 0; layer < architecture.layers(); layer++) {
      int at = layer;
      states.add(
          Step.inner(() ->
              Grad.off(() -> {
                var next = architecture.block(pass, at, states.getLast());
                return at + 1 == architecture.layers() ? architecture.finish(pass, next) : next;
              })));
    }
    return states;
  }

  /// A run of which only some tokens are looked at.
  ///
  /// @param rows their indices, `[R]` int64
  static Run chosen(Run whole, Tensor rows) {
    var chosen = Grad.off(() -> whole.hidden().detach().index_select(0, rows));
    return new Run() {
      @Override
      public Tensor hidden() {
        return chosen;
      }

      @Override
      public void backward(Tensor gradient) {
        var all = torch.zeros_like(whole.hidden().detach()).index_copy_(0, rows, gradient);
        whole.backward(all);
      }
    };
  }

  /// A run of layers with a backward pass of their own.
  ///
  /// @param rows the tokens whose hidden states are wanted, `[R]` int64, each once
  /// @param repeated how many layers are computed again in the backward pass
  static Run written(WrittenLayers layers, Pass pass, Tensor rows, int repeated) {
    var run = layers.run(pass, rows, repeated);
    return new Run() {
      @Override
      public Tensor hidden() {
        return run.hidden();
      }

      @Override
      public void backward(Tensor gradient) {
        run.backward(gradient);
      }
    };
  }

  /// A run of layers that the library differentiates, each by itself.
  ///
  /// @param pass over the weights of `leaves`
  /// @param again whether only the input of each layer is kept and the rest computed again on the
  ///   way back (Chen et al. 2016, arXiv:1604.06174)
  static Run recorded(Architecture architecture, Pass pass, Leaves leaves, boolean again) {
    var stages = new ArrayList<Stage>();
    var embedded = Step.inner(() -> with(!again, () -> architecture.embed(pass)));
    var ofEmbedding = leaves.used();
    var hidden = embedded;
    for (int layer = 0; layer <= architecture.layers(); layer++) {
      int at = layer;
      UnaryOperator<Tensor> work =
          at < architecture.layers()
              ? x -> architecture.block(pass, at, x)
              : x -> architecture.finish(pass, x);
      var input = Grad.leaf(hidden);
      hidden = Step.inner(() -> with(!again, () -> work.apply(input)));
      stages.add(
          new Stage(input, work, again ? Optional.empty() : Optional.of(hidden), leaves.used()));
    }
    var last = hidden;
    return new Run() {
      @Override
      public Tensor hidden() {
        return last;
      }

      @Override
      public void backward(Tensor gradient) {
        var flowing = gradient;
        while (!stages.isEmpty()) {
          var stage = stages.removeLast();
          var above = flowing;
          flowing = Step.inner(() -> stage.back(above, leaves));
          stage.input.close(); // the memory of what is through is free at once
        }
        try (var _ = new Step()) {
          var output = again ? Grad.on(() -> architecture.embed(pass)) : embedded;
          if (output.requires_grad()) {
            Grad.backward(List.of(output), List.of(flowing));
            leaves.handOver(ofEmbedding);
          }
        }
      }
    };
  }

  private static Tensor with(boolean graph, Supplier<Tensor> work) {
    return graph ? Grad.on(work) : Grad.off(work);
  }

  /// A part of a recorded run.
  ///
  /// @param input a leaf
  /// @param work what is done with it
  /// @param output with its graph, where that was kept
  /// @param used weights that were read
  private record Stage(
      Tensor input, UnaryOperator<Tensor> work, Optional<Tensor> output, List<Tensor> used) {
    /// From the gradient of the output to that of the input.
    Tensor back(Tensor gradient, Leaves leaves) {
      var result = output.orElseGet(() -> Grad.on(() -> work.apply(input)));
      Grad.backward(List.of(result), List.of(gradient));
      leaves.handOver(used);
      output.ifPresent(Tensor::close);
      return Grad.gathered(input);
    }
  }
}
