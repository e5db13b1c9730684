package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import java.util.Optional;

/// Rounds of drawing, judging and learning: iterative DPO and its kin, SPPO (Wu et al. 2024,
/// arXiv:2405.00675), rejection sampling. Which of them it is, the objective decides. A round
/// learns from all of its prompts before the next one draws.
///
/// @param rounds at least 1
/// @param promptsPerRound at least 1; the prompts are taken in turn, in an order of their own in
///   each pass over them
/// @param numTrainEpochs passes over the groups of a round, at least 1
/// @param anchor whether a reference that follows (`PreviousStage`) becomes the policy at the
///   beginning of each round; `Extrapolated` goes further
/// @param restart whether optimizer and schedule begin anew with each round, or go through all
///   rounds as one run
/// @param drawing how answers are drawn and judged
public record Iterative(
    int rounds,
    int promptsPerRound,
    int numTrainEpochs,
    boolean anchor,
    @Default("false") boolean restart,
    Drawing drawing)
    implements Learning {
  /// Checks the ranges.
  public Iterative {
    Check.atLeast("rounds", 1, rounds);
    Check.atLeast("prompts_per_round", 1, promptsPerRound);
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
  }

  @Override
  public Optional<Drawing> draws() {
    return Optional.of(drawing);
  }

  @Override
  public void run(Session session) {
    new Rounds(rounds, promptsPerRound, numTrainEpochs, anchor, restart, /* best= */ false)
        .run(session);
  }
}
