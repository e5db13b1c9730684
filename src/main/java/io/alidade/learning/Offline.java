package io.alidade.learning;

import io.alidade.Check;

/// Learning from a fixed data set: each epoch visits every group once.
///
/// @param numTrainEpochs passes over the data, at least 1; a number of steps set for the run takes
///   precedence
public record Offline(int numTrainEpochs) implements Learning {
  /// Checks the range.
  public Offline {
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
  }

  @Override
  public void run(Session session) {
    session.plan(numTrainEpochs);
    while (session.unfinished()) {
      session.step();
    }
  }
}
