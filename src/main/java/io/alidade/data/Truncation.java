package io.alidade.data;

/// Which side of prompt and completion survives when together they pass the limit.
public enum Truncation {
  /// The start: a long completion loses its end, and with it the end-of-sequence token.
  KEEP_START,
  /// The end: a long prompt loses its start.
  KEEP_END
}
