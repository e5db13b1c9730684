package io.alidade.batch;

/// A tokenized candidate.
///
/// @param tokens ids, without the prompt's, with the end-of-sequence token where the encoder put
///   one
/// @param scored which tokens count towards the likelihood; as long as `tokens`
public record Completion(int[] tokens, boolean[] scored) {
  /// Checks that each token has a mark.
  public Completion {
    if (tokens.length != scored.length) {
      throw new IllegalArgumentException(
          "%d tokens but %d marks".formatted(tokens.length, scored.length));
    }
  }

  /// A candidate of which every token counts.
  public static Completion of(int... tokens) {
    var scored = new boolean[tokens.length];
    java.util.Arrays.fill(scored, true);
    return new Completion(tokens, scored);
  }

  /// How many tokens count.
  public int scoredTokens() {
    int count = 0;
    for (boolean mark : scored) {
      count += mark ? 1 : 0;
    }
    return count;
  }
}
