package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.example.Signal;

/// Learning in stages: the rows of one stage after those of another, shuffled within it (the
/// schedule of Curry-DPO, arXiv:2403.07230). A signal of the rows, which strategy `Curriculum`
/// yields, says which stage a row belongs to; the smallest comes first. At the beginning of each
/// stage the reference is anchored: one that follows the stages (`PreviousStage`) becomes the
/// policy as it is, others stay.
///
/// @param numTrainEpochs passes over the rows of each stage, at least 1; a number of steps set for
///   the run is divided evenly among the stages instead
/// @param restart whether optimizer and schedule begin anew with each stage, or go through all
///   stages as one run
/// @param by the signal that tells stages, one number a row
public record Staged(int numTrainEpochs, boolean restart, @Default("stage") String by)
    implements Learning {
  /// Checks the range.
  public Staged {
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
  }

  @Override
  public void run(Session session) {
    session.plan(numTrainEpochs, Signal.perGroup(by), restart);
    while (session.unfinished()) {
      if (session.beginsStage()) {
        session.anchor();
        if (restart) {
          session.restart();
        }
      }
      session.step();
    }
  }
}
