package io.alidade.mine;

/// What became of a method whose body text differs between two releases.
public enum Outcome {
  /// Became a pair.
  KEPT,
  /// Differs in white space, comments or `final` alone.
  COSMETIC,
  /// Has no Javadoc, so there is no prompt.
  UNDOCUMENTED,
  /// One body holds no statement.
  EMPTY,
  /// Prompt and longer body exceed the limit of characters.
  TOO_LONG,
  /// The same two bodies of the same method changed again later; the last change counts.
  REPEATED,
  /// Another library or method gave the same row.
  DUPLICATE,
  /// The prompt also stands in a library or class that is held out.
  LEAKED
}
