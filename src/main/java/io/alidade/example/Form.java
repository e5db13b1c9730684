package io.alidade.example;

/// What a row teaches, told by its columns.
public enum Form {
  /// A chosen and a rejected answer.
  PAIR("a pair: [prompt,] chosen, rejected"),
  /// An answer with a verdict.
  LABELLED("a labelled answer: prompt, completion, label"),
  /// An answer, a conversation or a text to imitate.
  DEMONSTRATION("a demonstration: prompt, completion; or messages; or text"),
  /// Several answers in an order.
  RANKING("a ranking: prompt, completions (or responses), scores (or ranks)"),
  /// A question without answers.
  PROMPT("a bare prompt: prompt");

  private final String words;

  Form(String words) {
    this.words = words;
  }

  /// What it is and which columns it has.
  public String words() {
    return words;
  }
}
