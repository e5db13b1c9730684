package io.alidade.template;

/// A stretch of a rendered text, in UTF-16 offsets.
///
/// @param start first char, from 0
/// @param end char after the last, not below `start`
public record Span(int start, int end) {
  /// Checks the order of the offsets.
  public Span {
    if (start < 0 || end < start) {
      throw new IllegalArgumentException("span [" + start + ", " + end + ") is not in order");
    }
  }

  Span shifted(int by) {
    return new Span(start + by, end + by);
  }
}
