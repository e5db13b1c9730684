package io.alidade.store;

import io.alidade.UserException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Element types of safetensors that are read and written, little-endian.
///
/// The order is the reference implementation's, from small to large; files are laid out from large
/// to small so that every tensor stays aligned.
public enum Dtype {
  /// One byte, 0 or 1.
  BOOL(1),
  /// Unsigned byte.
  U8(1),
  /// Signed byte.
  I8(1),
  /// Signed 16 bits.
  I16(2),
  /// IEEE binary16.
  F16(2),
  /// bfloat16: the upper half of a binary32.
  BF16(2),
  /// Signed 32 bits.
  I32(4),
  /// IEEE binary32.
  F32(4),
  /// IEEE binary64.
  F64(8),
  /// Signed 64 bits.
  I64(8);

  /// Named by the format, but nothing here computes with them.
  private static final List<String> UNSUPPORTED =
      List.of(
          "F4",
          "F6_E2M3",
          "F6_E3M2",
          "F8_E5M2",
          "F8_E4M3",
          "F8_E8M0",
          "F8_E4M3FNUZ",
          "F8_E5M2FNUZ",
          "U16",
          "U32",
          "C64",
          "U64");

  private final int bytes;

  Dtype(int bytes) {
    this.bytes = bytes;
  }

  /// Bytes per element.
  public int bytes() {
    return bytes;
  }

  /// The type of that name in a header, or an error that opens with `where`.
  static Dtype parse(String where, String name) {
    Optional<Dtype> known =
        Arrays.stream(values()).filter(dtype -> dtype.name().equals(name)).findFirst();
    return known.orElseThrow(() ->
        UNSUPPORTED.contains(name)
            ? new UserException(
                where
                    + ": dtype "
                    + name
                    + " is not supported; convert the checkpoint to BF16, F16 or F32 first")
            : new UserException(
                where
                    + ": unknown dtype "
                    + Shown.quoted(name)
                    + "; known: "
                    + Arrays.toString(values())
                    + "; the file is damaged or of a newer format, fetch it again"));
  }
}
