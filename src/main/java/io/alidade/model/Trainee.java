package io.alidade.model;

import java.nio.file.Path;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/// A scorer whose parameters can be trained and kept. Not for use by several threads at once.
public interface Trainee extends Scorer {
  /// The leaves that gather gradients, by name, in a fixed order; updated in place by an optimizer.
  SequencedMap<String, Tensor> trainable();

  /// Switches dropout on for training or off for everything else.
  void training(boolean on);

  /// Writes what training has changed into an existing folder, so that opening the folder gives the
  /// same bits.
  ///
  /// @throws io.alidade.UserException if it cannot be written
  void checkpoint(Path folder);

  /// The state of the random stream behind dropout.
  byte[] randomState();

  /// Returns to a state that [#randomState()] gave.
  void restoreRandomState(byte[] state);
}
