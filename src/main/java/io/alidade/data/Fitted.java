package io.alidade.data;

import io.alidade.batch.Group;
import io.alidade.example.Example;

/// What a limit on tokens leaves of a row: a group to train on, or the reason why there is none.
public sealed interface Fitted {
  /// A row to train on.
  ///
  /// @param group what the model reads
  /// @param cut tokens that the limit took, over all candidates
  /// @param boundaryMoved as in [EncodedRow]
  record Kept(Group group, int cut, boolean boundaryMoved) implements Fitted {}

  /// A row with nothing to learn from.
  ///
  /// @param row where it came from
  /// @param reason why
  record Dropped(Example.Row row, Reason reason) implements Fitted {}

  /// Why a row was dropped.
  enum Reason {
    /// The prompt alone reaches max_length.
    PROMPT_FILLS_LIMIT("the prompt alone reaches max_length"),
    /// A candidate passes max_length and the layout does not cut.
    TOO_LONG("longer than max_length"),
    /// A candidate has no token that is scored.
    NOTHING_SCORED("a completion without a token to score");

    private final String text;

    Reason(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
