package io.alidade.batch;

import io.alidade.example.Example;
import io.alidade.example.Signal;
import java.util.List;
import java.util.Map;

/// A tokenized prompt with its candidates: one row of a data set as the model sees it.
///
/// @param row where it came from
/// @param prompt ids shared by all candidates; may be empty, and then a candidate's first token is
///   not predicted and must not be scored
/// @param candidates in the order of the example
/// @param signals as in [Example]; a unit signal has one number a token of each candidate,
///   flattened in order
public record Group(
    Example.Row row, int[] prompt, List<Completion> candidates, Map<Signal, double[]> signals) {
  /// Checks that nothing is scored that nothing predicts.
  public Group {
    if (prompt.length == 0) {
      for (var candidate : candidates) {
        if (candidate.tokens().length > 0 && candidate.scored()[0]) {
          throw new IllegalArgumentException(row + ": the first token of all has no prediction");
        }
      }
    }
  }

  /// Tokens that a model reads when the prompt is shared.
  public int distinctTokens() {
    return prompt.length + candidates.stream().mapToInt(c -> c.tokens().length).sum();
  }

  /// Tokens that a model reads when each candidate carries its own prompt.
  public int tokens() {
    return candidates.stream().mapToInt(c -> prompt.length + c.tokens().length).sum();
  }
}
