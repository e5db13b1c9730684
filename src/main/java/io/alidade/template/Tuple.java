package io.alidade.template;

import java.util.List;

/// Python's immutable sequence.
///
/// @param names of the items, where they can be read as attributes too
record Tuple(List<Object> items, List<String> names) {
  Tuple(List<Object> items) {
    this(items, List.of());
  }

  static Tuple of(Object... items) {
    return new Tuple(List.of(items));
  }
}
