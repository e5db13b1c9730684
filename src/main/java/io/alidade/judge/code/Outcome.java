package io.alidade.judge.code;

/// What became of a program under one test.
///
/// @param result in a word
/// @param message why, in a line; empty for a passed test
public record Outcome(Result result, String message) {
  /// Whether the test passed.
  public boolean passed() {
    return result == Result.PASS;
  }
}
