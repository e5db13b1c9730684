package io.alidade.learning;

import io.alidade.UserException;
import io.alidade.tensor.Ops;
import java.util.Arrays;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/// The specification of an optimizer: its constants, without state.
public interface Optimizer {
  /// The peak learning rate, before the schedule; not negative.
  double learningRate();

  /// The Euclidean norm over all parameters that the gradient of a step is cut to; positive.
  double maxGradNorm();

  /// An optimizer over some parameters, with its state.
  ///
  /// @param parameters leaves by name; updated in place
  Updater open(SequencedMap<String, Tensor> parameters);

  /// Copies the tensors of a checkpoint into those of a state.
  ///
  /// @throws UserException if one is not there, or of another shape
  static void copy(Map<String, Tensor> from, Map<String, Tensor> into) {
    into.forEach((name, own) -> {
      var tensor = from.get(name);
      if (tensor == null || !Arrays.equals(Ops.shape(tensor), Ops.shape(own))) {
        throw new UserException(
            "the checkpoint's optimizer state lacks '%s' in its shape; it belongs to another model, adapter or optimizer"
                .formatted(name));
      }
      own.copy_(tensor);
    });
  }

  /// An optimizer at work. Owns its state; the parameters belong to the model.
  interface Updater extends AutoCloseable {
    /// Cuts the gathered gradients to the largest norm, updates the parameters in place and forgets
    /// the gradients. Call inside a step.
    ///
    /// @param learningRate rate of this step
    /// @return the norm of the gradient over all parameters before it was cut; if it is not finite,
    ///   nothing was updated
    double update(double learningRate);

    /// The state as named tensors, for a checkpoint. They share memory with the state.
    SequencedMap<String, Tensor> state();

    /// Copies a state that [#state()] gave back in.
    void restore(Map<String, Tensor> state);

    @Override
    void close();
  }
}
