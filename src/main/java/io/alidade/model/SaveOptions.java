package io.alidade.model;

import io.alidade.Check;
import io.alidade.store.WeightFiles;
import java.util.Optional;

/// How to write a checkpoint.
///
/// @param precision of the weights in the files; that of the weights in memory if absent
/// @param shardBytes size of a file from which on the weights are split, at least 1
public record SaveOptions(Optional<Precision> precision, long shardBytes) {
  /// As in memory, in shards of the size that `transformers` makes.
  public static final SaveOptions PLAIN = new SaveOptions(Optional.empty(), WeightFiles.SHARD_SIZE);

  /// Checks the range.
  public SaveOptions {
    Check.atLeast("shard size", 1, shardBytes);
  }

  /// The same in another precision.
  public SaveOptions in(Precision other) {
    return new SaveOptions(Optional.of(other), shardBytes);
  }
}
