package io.alidade.model;

import io.alidade.UserException;
import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.ModelConfig;
import io.alidade.store.WeightFiles;
import java.io.IOException;
import java.nio.file.Path;

/// How a policy is written: as a checkpoint of its own, or as an adapter on top of one.
///
/// @param folder of the checkpoint that it was opened from
record PolicyFiles(
    Path folder,
    ModelConfig config,
    PolicySpec spec,
    Architecture architecture,
    Parameters parameters) {
  /// Writes a checkpoint folder, replacing it as a whole.
  ///
  /// @throws IllegalStateException if an adapter is on top
  void save(Path target, SaveOptions options) {
    if (parameters.lora() != null) {
      throw new IllegalStateException("merge the adapter first, or save it by itself");
    }
    CheckpointWriter.write(
        target,
        folder,
        config,
        architecture,
        spec.head(),
        options.precision().orElse(spec.precision()),
        options.shardBytes(),
        parameters.base());
  }

  /// Writes the adapter in PEFT's layout, replacing the folder as a whole.
  ///
  /// @param base the name of the model below
  /// @throws IllegalStateException if there is no adapter
  void saveAdapter(Path target, String base) {
    AdapterFiles.write(target, base, parameters, parameters.adapter(), architecture, spec.head());
  }

  /// Writes what training changes into a folder that exists: the adapter, or else the model.
  void checkpoint(Path into) {
    var lora = parameters.lora();
    if (lora != null) {
      AdapterFiles.fill(into, folder.toString(), parameters, lora, architecture, spec.head());
      return;
    }
    try {
      CheckpointWriter.fill(
          into,
          folder,
          config,
          architecture,
          spec.head(),
          spec.precision(),
          WeightFiles.SHARD_SIZE,
          parameters.base());
    } catch (IOException failure) {
      throw new UserException(
          "%s: cannot be written: %s".formatted(into, failure.getMessage()), failure);
    }
  }
}
