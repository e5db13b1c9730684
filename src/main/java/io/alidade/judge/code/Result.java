package io.alidade.judge.code;

/// What became of a program under a test.
public enum Result {
  /// The test ran to its end.
  PASS,
  /// An assertion of the test failed.
  FAIL,
  /// Something was thrown, or the process ended itself.
  ERROR,
  /// Time ran out.
  TIMEOUT,
  /// Too much was printed.
  OUTPUT,
  /// The program or the test is not Java.
  NOT_COMPILED
}
