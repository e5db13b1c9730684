package io.alidade.model.causal;

import io.alidade.tensor.Grad;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// Mixes values among tokens. The only place where tokens of a layer meet, so that packing, sharing
/// of prompts and caches are implementations of this and nothing else.
public interface Attention {
  /// How the scores of one layer are made.
  ///
  /// @param scale what dot products are multiplied by
  /// @param window how many tokens, itself included, a token sees; 0 for all
  /// @param softCap scores `s` become `softCap * tanh(s / softCap)`; 0 for none
  record Settings(double scale, int window, double softCap) {
    /// The usual scale, `1 / sqrt(d)`, without a cap.
    static Settings of(Heads heads, int window) {
      return new Settings(1 / Math.sqrt(heads.size()), window, 0);
    }
  }

  /// Softmax attention of each token over what its layout lets it see.
  ///
  /// @param layer which layer asks, from 0
  /// @param query `[T, heads, d]`, or of the [Stretch] of them that it was made for
  /// @param key `[T, kvHeads, d]`; heads are a multiple of kvHeads, neighbours share
  /// @param value `[T, kvHeads, d]`
  /// @return `[T, heads * d]`
  Tensor attend(int layer, Tensor query, Tensor key, Tensor value, Settings settings);

  /// Gradients with respect to what attends, of the shapes of [#attend].
  record Gradients(Tensor query, Tensor key, Tensor value) {}

  /// Backward through [#attend], for layers whose backward pass is written down. Here the library
  /// does it, on a graph that is recorded now.
  ///
  /// @param gradient of what [#attend] returned
  default Gradients back(
      int layer, Tensor query, Tensor key, Tensor value, Tensor gradient, Settings settings) {
    var q = Grad.leaf(query);
    var k = Grad.leaf(key);
    var v = Grad.leaf(value);
    var mixed = Grad.on(() -> attend(layer, q, k, v, settings));
    Grad.backward(List.of(mixed), List.of(gradient));
    return new Gradients(Grad.gathered(q), Grad.gathered(k), Grad.gathered(v));
  }

  /// Whether it is asked for a few new tokens of sequences that a cache holds, without gradients.
  default boolean stepwise() {
    return false;
  }
}
