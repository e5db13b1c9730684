package io.alidade.generation.tree;

import java.util.List;

/// A question that the policy is asked of its own reasoning (MCTS-DPO, section 3.1): how much
/// probability it puts on words that mean right.
///
/// @param ask appended to prompt and steps; `{answer}` in it is replaced by the row's column
///   `answer`, which the policy is shown in training
/// @param right words that mean right; the probabilities of their first tokens are summed up
public record SelfEvaluation(String ask, List<String> right) {
  /// Checks that there is something to ask and to hear.
  public SelfEvaluation {
    if (ask.isBlank() || right.isEmpty()) {
      throw new IllegalArgumentException(
          "a self-evaluation needs a question and at least one word that means right");
    }
    right = List.copyOf(right);
  }
}
