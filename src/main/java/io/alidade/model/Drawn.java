package io.alidade.model;

/// A continuation of a prompt.
///
/// Likelihoods and entropies are of the model's own distribution: before temperature, filters,
/// penalties and any other processor.
///
/// @param tokens new tokens, a final end token included
/// @param logps log-probability of each, nats
/// @param entropies of the distribution that each was drawn from, nats
/// @param stop why it ended
public record Drawn(int[] tokens, float[] logps, float[] entropies, Stop stop) {
  /// Why a row ended.
  public enum Stop {
    /// It drew a token that ends a sequence.
    END,
    /// It reached the number of new tokens.
    LENGTH,
    /// Its listener had enough.
    LISTENER
  }
}
