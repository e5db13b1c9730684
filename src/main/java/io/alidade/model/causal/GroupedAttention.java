package io.alidade.model.causal;

import org.bytedeco.pytorch.Tensor;

/// Attention with separate projections `q_proj`, `k_proj`, `v_proj`, `o_proj` and rotary positions.
///
/// @param heads sizes
/// @param inputBias whether q, k and v have biases
/// @param outputBias whether o has one
record GroupedAttention(Heads heads, boolean inputBias, boolean outputBias) {
  /// What is done to queries and keys before they are turned.
  @FunctionalInterface
  interface HeadNorm {
    /// Nothing.
    HeadNorm NONE = (module, heads) -> heads;

    /// Normalizes each head, `[T, heads, d]`.
    Tensor of(String module, Tensor heads);
  }

  /// The attention of one layer, `[T, hidden]` to `[T, hidden]`.
  ///
  /// @param at name of the module
  /// @param norm of queries (`AT.q_norm`) and keys (`AT.k_norm`)
  Tensor attend(
      Pass pass,
      int layer,
      String at,
      Tensor x,
      Rope rope,
      Attention.Settings settings,
      HeadNorm norm) {
    var query = heads.split(pass.project(at + ".q_proj", x, inputBias));
    var key = heads.split(pass.project(at + ".k_proj", x, inputBias));
    var value = heads.split(pass.project(at + ".v_proj", x, inputBias));
    var mixed =
        pass.attend(
            layer,
            pass.rotate(rope, norm.of(at + ".q_norm", query)),
            pass.rotate(rope, norm.of(at + ".k_norm", key)),
            value,
            settings);
    return pass.project(at + ".o_proj", mixed, outputBias);
  }
}
