package io.alidade.learning;

import io.alidade.Check;
import java.util.Optional;

/// Fresh answers for each step: online DPO (Guo et al. 2024, arXiv:2402.04792), GRPO, RLOO. Which
/// of them it is, the objective decides.
///
/// @param numTrainEpochs passes over the prompts, at least 1; a number of steps set for the run
///   takes precedence
/// @param numIterations steps on the answers of each draw, at least 1; TRL's name
/// @param drawing how answers are drawn and judged
public record Online(int numTrainEpochs, int numIterations, Drawing drawing) implements Learning {
  /// Checks the ranges.
  public Online {
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
    Check.atLeast("num_iterations", 1, numIterations);
  }

  @Override
  public Optional<Drawing> draws() {
    return Optional.of(drawing);
  }

  @Override
  public void run(Session session) {
    int step = session.groupsPerStep();
    long draws =
        session.maxSteps() > 0
            ? Math.ceilDiv(session.maxSteps(), numIterations)
            : (long) numTrainEpochs * Math.ceilDiv(session.prompts(), step);
    session.plan(Math.toIntExact(draws), step, numIterations, false);
    while (session.unfinished()) {
      session.collect();
      session.step();
    }
  }
}
