package io.alidade.model;

import io.alidade.model.causal.Weights;
import io.alidade.tensor.Grad;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;

/// The weights of a policy, as leaves of a graph that belongs to one pass.
///
/// What a recorded graph adds to the gradients of its leaves, it adds whenever it comes to it.
/// Where several threads go back at a time, each therefore gathers in leaves of its own, which
/// share the memory of the weights, and hands over what it has gathered layer by layer, in its
/// turn.
///
/// Must be made in the step in which the pass runs, outside the steps of single layers.
final class Leaves implements Weights {
  private final Parameters parameters;
  private final IdentityHashMap<Tensor, Tensor> leaves = new IdentityHashMap<>(); // by the weight
  private final LinkedHashSet<Tensor> used = new LinkedHashSet<>(); // weights, since last asked

  /// Leaves of a pass.
  ///
  /// @param trainable what gathers gradients
  Leaves(Parameters parameters, Map<String, Tensor> trainable) {
    this.parameters = parameters;
    trainable.values().forEach(weight -> leaves.put(weight, Grad.leaf(weight)));
  }

  @Override
  public Tensor get(String name) {
    return leaf(parameters.get(name));
  }

  @Override
  public Tensor adapt(String module, Tensor input, Tensor output, long draw) {
    var lora = parameters.lora();
    return lora == null ? output : lora.adapt(module, input, output, draw, this::leaf);
  }

  @Override
  public Tensor adaptRows(String module, Tensor rows, Tensor output) {
    var lora = parameters.lora();
    return lora == null ? output : lora.adaptRows(module, rows, output, this::leaf);
  }

  @Override
  public Tensor adaptBack(String module, Tensor input, Tensor gradient, Tensor sum, long draw) {
    throw goesBackByItself();
  }

  @Override
  public void adaptRowsBack(String module, Tensor rows, Tensor gradient) {
    throw goesBackByItself();
  }

  private static IllegalStateException goesBackByItself() {
    return new IllegalStateException("a recorded graph goes back by itself");
  }

  private Tensor leaf(Tensor weight) {
    var leaf = leaves.get(weight);
    if (leaf == null) {
      return weight; // not trained
    }
    used.add(weight);
    return leaf;
  }

  /// The trained weights that were read since this was asked last, in the order of their first use.
  List<Tensor> used() {
    var all = new ArrayList<>(used);
    used.clear();
    return all;
  }

  /// Adds what has been gathered to the gradients of some weights.
  void handOver(List<Tensor> weights) {
    for (var weight : weights) {
      var leaf = Objects.requireNonNull(leaves.get(weight));
      if (Grad.has(leaf)) {
        Grad.add(weight, Grad.gathered(leaf));
        Grad.clear(leaf);
      }
    }
  }
}
