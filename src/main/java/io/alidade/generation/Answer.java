package io.alidade.generation;

/// A continuation of a prompt as text.
///
/// @param text of the new tokens, special ones left out, cut before a stop string
/// @param tokens ids that were drawn, a final end token and those of a stop string included
/// @param logps log-probability of each of them under the model's own distribution, before
///   temperature and filters, nats
/// @param entropies of that distribution at each of them, nats
/// @param end why it ended
public record Answer(String text, int[] tokens, float[] logps, float[] entropies, End end) {
  /// Log-probability of all tokens together, nats.
  public double logp() {
    double sum = 0;
    for (float one : logps) {
      sum += one;
    }
    return sum;
  }

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
