package io.alidade.template;

import java.util.List;

/// Python's immutable sequence.
record Tuple(List<Object> items) {
  static Tuple of(Object... items) {
    return new Tuple(List.of(items));
  }
}
