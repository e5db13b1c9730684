package io.alidade.tokenizer;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Which token has which id.
final class Vocabulary {
  private final Map<String, Integer> ids = new HashMap<>();
  private final Map<Integer, String> pieces = new HashMap<>();
  private final BitSet special = new BitSet();
  private int baseSize;
  private int size;

  void base(String piece, int id) {
    put(piece, id);
    baseSize++;
  }

  /// Adds a token beside the model's own.
  void added(String piece, int id, boolean isSpecial) {
    put(piece, id);
    if (isSpecial) {
      special.set(id);
    }
  }

  private void put(String piece, int id) {
    ids.put(piece, id);
    pieces.put(id, piece);
    size = Math.max(size, id + 1);
  }

  OptionalInt id(String piece) {
    var id = ids.get(piece);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  Optional<String> piece(int id) {
    return Optional.ofNullable(pieces.get(id));
  }

  boolean isSpecial(int id) {
    return special.get(id);
  }

  int baseSize() {
    return baseSize;
  }

  int size() {
    return size;
  }
}
