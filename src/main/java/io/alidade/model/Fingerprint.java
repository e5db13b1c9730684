package io.alidade.model;

import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.databind.JsonNode;

/// SHA-256 of a model's content: its configuration, and name, type, shape and bytes of each tensor.
final class Fingerprint {
  private static final long PIECE = 1 << 26;

  private Fingerprint() {}

  /// The hash, hexadecimal.
  static String of(JsonNode config, Map<String, Tensor> tensors) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      add(digest, Json.line(config));
      for (var entry : tensors.entrySet()) {
        try (var _ = new Step()) {
          var tensor = entry.getValue().detach().cpu().contiguous();
          add(
              digest,
              "%s %s %s"
                  .formatted(
                      entry.getKey(),
                      TensorFiles.dtype(tensor.scalar_type()),
                      Arrays.toString(Ops.shape(tensor))));
          var bytes = Ops.memory(tensor);
          for (long at = 0; at < bytes.byteSize(); at += PIECE) {
            long length = Math.min(PIECE, bytes.byteSize() - at);
            digest.update(bytes.asSlice(at, length).asByteBuffer());
          }
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible); // every Java platform has it
    }
  }

  private static void add(MessageDigest digest, String text) {
    digest.update(text.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0);
  }
}
