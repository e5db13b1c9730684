package io.alidade.tokenizer.bpe;

import java.util.Arrays;

/// Numbers of words in the order in which they came, each once; grown by adding numbers that mostly
/// repeat the last one.
final class IntSet {
  private int[] values = new int[4];
  private int size;

  void add(int value) {
    if (size > 0 && values[size - 1] == value) {
      return;
    }
    if (size == values.length) {
      compact();
    }
    values[size++] = value;
  }

  /// The numbers, ascending.
  int[] values() {
    return Arrays.stream(values, 0, size).sorted().distinct().toArray();
  }

  private void compact() {
    var distinct = values();
    // Doubles unless half of it was repetition.
    values = Arrays.copyOf(distinct, Math.max(values.length, distinct.length * 2));
    size = distinct.length;
  }
}
