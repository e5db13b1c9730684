package io.alidade.learning;

import io.alidade.Check;
import java.util.Optional;

/// Offline data with fresh answers beside them: to the prompts of each step the policy draws
/// answers, which join the candidates of the data (HyPO, Song et al. 2024, arXiv:2406.01462,
/// algorithm 1). What is made of them, the objective decides.
///
/// @param numTrainEpochs passes over the data, at least 1; a number of steps set for the run takes
///   precedence
/// @param companions how the answers are drawn
public record Hybrid(int numTrainEpochs, Companions companions) implements Learning {
  /// Checks the range.
  public Hybrid {
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
  }

  @Override
  public Optional<Companions> accompanied() {
    return Optional.of(companions);
  }

  @Override
  public void run(Session session) {
    if (companions.samples() == 1) {
      session.say(
          "one fresh answer a prompt has no others to be weighed against, so gradients are noisy; set companions.samples to 2");
    }
    int step = session.groupsPerStep();
    long steps =
        session.maxSteps() > 0
            ? session.maxSteps()
            : (long) numTrainEpochs * Math.ceilDiv(session.prompts(), step);
    session.plan(Math.toIntExact(steps), step, 1, false);
    while (session.unfinished()) {
      session.collect();
      session.step();
    }
  }
}
