package io.alidade.data;

import io.alidade.batch.Readout;
import io.alidade.example.Form;
import io.alidade.objective.Needs;

/// How a row's texts become the sequences that a model reads.
public enum Layout {
  /// Every candidate continues the ids of the prompt itself; candidates are scored. For
  /// preferences, labels, rankings and rollouts.
  CONTINUATIONS,
  /// Prompt and completion are one text whose ids are cut where the prompt's ids end; the
  /// completion is scored, or a whole conversation. For imitation.
  DEMONSTRATIONS,
  /// Every candidate is a whole text of its own, read to its end; rows that pass the limit are
  /// dropped rather than cut. For rewards.
  WHOLE;

  /// The layout that an objective's needs ask for.
  public static Layout of(Needs needs) {
    if (needs.readouts().contains(Readout.REWARD)) {
      return WHOLE;
    }
    return needs.feedback() == Needs.Feedback.DEMONSTRATIONS ? DEMONSTRATIONS : CONTINUATIONS;
  }

  /// The layout that rows of a form are usually read in.
  public static Layout of(Form form) {
    return form == Form.DEMONSTRATION ? DEMONSTRATIONS : CONTINUATIONS;
  }
}
