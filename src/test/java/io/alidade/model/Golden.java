package io.alidade.model;

import io.alidade.store.SafetensorsFile;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;

/// The golden checkpoints and what was expected of them.
final class Golden {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private Golden() {}

  static Path folder(String name) {
    try {
      var url = Golden.class.getResource("/golden/models/" + name);
      if (url == null) {
        throw new IllegalStateException("no golden " + name);
      }
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /// One row of a padded batch.
  ///
  /// @param tokens without padding
  /// @param logits `[T * V]`
  /// @param logps of each token but the first, `[T - 1]`
  record Row(int[] tokens, float[] logits, float[] logps) {}

  /// The rows of `right` or `left`, without padding.
  static Row[] rows(String model, String side) {
    return rows(model, side, side + ".logits");
  }

  static Row[] rows(String model, String side, String logits) {
    try (var file = SafetensorsFile.open(folder(model).resolve("expected.safetensors"))) {
      var shape = file.entry(logits).shape();
      int length = (int) shape[1];
      int vocabulary = (int) shape[2];
      var ids = file.bytes(side + ".input_ids").toArray(LONG);
      var mask = file.bytes(side + ".attention_mask").toArray(LONG);
      var all = file.bytes(logits).toArray(FLOAT);
      var logps = file.bytes(side + ".next_token_logps").toArray(FLOAT);
      var rows = new Row[(int) shape[0]];
      for (int r = 0; r < rows.length; r++) {
        int from = 0;
        while (mask[r * length + from] == 0) {
          from++;
        }
        int to = from;
        while (to < length && mask[r * length + to] == 1) {
          to++;
        }
        var tokens =
            Arrays.stream(ids, r * length + from, r * length + to).mapToInt(i -> (int) i).toArray();
        rows[r] =
            new Row(
                tokens,
                Arrays.copyOfRange(
                    all, (r * length + from) * vocabulary, (r * length + to) * vocabulary),
                Arrays.copyOfRange(logps, r * (length - 1) + from, r * (length - 1) + to - 1));
      }
      return rows;
    }
  }

  static float[] floats(String model, String tensor) {
    try (var file = SafetensorsFile.open(folder(model).resolve("expected.safetensors"))) {
      return file.bytes(tensor).toArray(FLOAT);
    }
  }

  static boolean has(String model, String tensor) {
    try (var file = SafetensorsFile.open(folder(model).resolve("expected.safetensors"))) {
      return file.has(tensor);
    }
  }
}
