package io.alidade.data;

import io.alidade.batch.Completion;
import java.util.ArrayList;
import java.util.List;

/// Puts beside each row's completion the one of the row before it in the micro-batch, the first
/// row's being the last one's: prompts with answers to other prompts, from which KTO estimates how
/// far the policy is from its reference (Ethayarajh et al. 2024, arXiv:2402.01306).
///
/// Rows must have been encoded but not yet cut, since the borrowed completion is cut to the room
/// that its new prompt leaves.
final class MismatchedCompletions {
  private MismatchedCompletions() {}

  /// The rows of one micro-batch, each with a second candidate.
  ///
  /// @param window rows with one candidate each, the dropped ones already left out
  public static List<EncodedRow> of(List<EncodedRow> window) {
    var out = new ArrayList<EncodedRow>();
    for (int i = 0; i < window.size(); i++) {
      out.add(lend(window.get((i + window.size() - 1) % window.size()), window.get(i)));
    }
    return out;
  }

  /// A row with another one's completion as its second candidate.
  static EncodedRow lend(EncodedRow lender, EncodedRow row) {
    var borrowed = Completion.of(lender.candidates().getFirst().tokens().clone());
    if (row.prompt().length == 0 && borrowed.tokens().length > 0) {
      borrowed.scored()[0] = false; // nothing predicts the first token of all
    }
    return new EncodedRow(
        row.row(),
        row.prompt(),
        List.of(row.candidates().getFirst(), borrowed),
        row.signals(),
        row.boundaryMoved());
  }
}
