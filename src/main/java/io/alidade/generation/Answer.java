package io.alidade.generation;

/// A continuation of a prompt as text.
///
/// @param text of the new tokens, special ones left out, cut before a stop string
/// @param tokens ids that were drawn, a final end token and those of a stop string included
/// @param logp log-probability of all of them under the model's own distribution, nats
/// @param end why it ended
public record Answer(String text, int[] tokens, double logp, End end) {
  /// Why an answer ended.
  public enum End {
    /// The model ended it.
    END,
    /// A stop string came.
    STOP,
    /// It reached the number of new tokens.
    LENGTH
  }
}
