package io.alidade.world;

import io.alidade.model.TensorFiles;
import io.alidade.model.Trainee;
import java.nio.file.Path;

/// A policy of a small world: no dropout, so no random stream, and all of it trained.
interface WithoutDropout extends Trainee {
  @Override
  default void training(boolean on) {}

  @Override
  default void checkpoint(Path folder) {
    TensorFiles.write(folder.resolve("model.safetensors"), trainable());
  }

  @Override
  default byte[] randomState() {
    return new byte[0];
  }

  @Override
  default void restoreRandomState(byte[] state) {}
}
