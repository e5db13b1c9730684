package io.alidade.model;

import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.Pass;
import io.alidade.model.causal.WrittenLayers;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.List;
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

  /// A run that keeps what the backward pass needs.
  static Run recorded(Architecture architecture, Pass pass) {
    var hidden = Step.inner(() -> Grad.on(() -> architecture.embed(pass)));
    for (int layer = 0; layer < architecture.layers(); layer++) {
      int at = layer;
      var input = hidden;
      hidden = Step.inner(() -> Grad.on(() -> architecture.block(pass, at, input)));
    }
    var last = hidden;
    var result = Step.inner(() -> Grad.on(() -> architecture.finish(pass, last)));
    return new Run() {
      @Override
      public Tensor hidden() {
        return result;
      }

      @Override
      public void backward(Tensor gradient) {
        if (result.requires_grad()) {
          Grad.backward(List.of(result), List.of(gradient));
        }
      }
    };
  }

  /// A run that keeps only the input of each layer and computes the rest again in the backward
  /// pass, layer by layer from the last (Chen et al. 2016, arXiv:1604.06174).
  static Run checkpointed(Architecture architecture, Pass pass) {
    var stages = new ArrayList<UnaryOperator<Tensor>>();
    for (int layer = 0; layer < architecture.layers(); layer++) {
      int at = layer;
      stages.add(hidden -> architecture.block(pass, at, hidden));
    }
    stages.add(hidden -> architecture.finish(pass, hidden));

    var inputs = new ArrayList<Tensor>();
    inputs.add(Step.inner(() -> Grad.off(() -> architecture.embed(pass))));
    for (var stage : stages) {
      inputs.add(Step.inner(() -> Grad.off(() -> stage.apply(inputs.getLast()))));
    }
    return new Run() {
      @Override
      public Tensor hidden() {
        return inputs.getLast();
      }

      @Override
      public void backward(Tensor gradient) {
        var flowing = gradient;
        for (int stage = stages.size() - 1; stage >= 0; stage--) {
          var run = stages.get(stage);
          var input = inputs.get(stage);
          var above = flowing;
          flowing =
              Step.inner(() -> {
                var leaf = Grad.leaf(input);
                var output = Grad.on(() -> run.apply(leaf));
                Grad.backward(List.of(output), List.of(above));
                return Grad.gathered(leaf);
              });
        }
        try (var _ = new Step()) {
          var embedded = Grad.on(() -> architecture.embed(pass));
          if (embedded.requires_grad()) {
            Grad.backward(List.of(embedded), List.of(flowing));
          }
        }
      }
    };
  }
}
