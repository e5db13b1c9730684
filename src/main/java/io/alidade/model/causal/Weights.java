package io.alidade.model.causal;

import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/// Named weights of a model, with whatever an adapter adds to them.
public interface Weights {
  /// A tensor by its name in the checkpoint.
  ///
  /// @throws IllegalStateException if there is none
  Tensor get(String name);

  /// `x Wᵀ` of a linear module from a copy of its weight that is ordered for few rows, without bias
  /// and adapter, if there is such a copy.
  ///
  /// @param module name without `.weight`
  /// @param x `[T, in]`
  default Optional<Tensor> few(String module, Tensor x) {
    return Optional.empty();
  }

  /// The same for several modules with the same input, from one copy of all their weights.
  ///
  /// @return what each gives, `[T, out]`
  default Optional<List<Tensor>> few(List<String> modules, Tensor x) {
    return Optional.empty();
  }

  /// What an adapter makes of the output of a linear module.
  ///
  /// @param module name without `.weight`
  /// @param input `[T, in]`
  /// @param output `[T, out]`, of the module itself; may be overwritten
  /// @param draw fixes the random numbers of this pass: the same draw gives the same dropout, 0
  ///   none
  Tensor adapt(String module, Tensor input, Tensor output, long draw);

  /// Backward through [#adapt]: adds to the gradients of the adapter.
  ///
  /// @param gradient of the output, `[T, out]`
  /// @param sum the gradient of the input that came through the module itself; may be overwritten
  /// @return the whole gradient of the input
  Tensor adaptBack(String module, Tensor input, Tensor gradient, Tensor sum, long draw);

  /// What becomes of rows of an embedding table: an adapter may add to them.
  ///
  /// @param module name without `.weight`
  /// @param rows ids, `[T]`
  /// @param output the table's rows, `[T, width]`
  Tensor adaptRows(String module, Tensor rows, Tensor output);

  /// Backward through [#adaptRows]: adds to the gradients of the adapter.
  ///
  /// @param gradient of the output, `[T, width]`
  void adaptRowsBack(String module, Tensor rows, Tensor gradient);
}
