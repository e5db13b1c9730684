package io.alidade.tokenizer;

/// Ids with the part of the text that each came from.
///
/// @param ids one a token
/// @param starts where a token's text begins, in UTF-16 units as `String` counts; 0 for a token
///   that was added
/// @param ends where it ends, exclusive; equal to its start for a token that was added
public record Tokens(int[] ids, int[] starts, int[] ends) {
  /// Checks that there is one place a token.
  public Tokens {
    if (ids.length != starts.length || ids.length != ends.length) {
      throw new IllegalArgumentException(
          "%d ids, %d starts, %d ends".formatted(ids.length, starts.length, ends.length));
    }
  }
}
