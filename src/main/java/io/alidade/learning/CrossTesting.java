package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.example.Signal;
import io.alidade.judge.CodeRunner;
import io.alidade.judge.code.PassMatrix.ChosenTest;
import io.alidade.learning.rounds.Asking;
import io.alidade.learning.rounds.CrossTestRollouts;
import io.alidade.objective.Needs;
import java.util.Optional;
import java.util.Set;

/// Rounds of writing programs and tests for them, running every program against every test, and
/// learning from the pair that is believed most (DSTC; Liu et al. 2024). Nothing but instructions
/// is given.
///
/// @param rounds at least 1
/// @param promptsPerRound at least 1
/// @param numTrainEpochs passes over the pairs of a round, at least 1
/// @param anchor whether a reference that follows (`PreviousStage`) becomes the policy at the
///   beginning of each round
/// @param tests drawn for each instruction, at least 1; programs are `drawing.samples`
/// @param ask how a test is asked for; `{prompt}` in it is replaced by the instruction
/// @param chosenTest which test goes with the chosen program
/// @param gap between the scores of the two programs at least, at least 1
/// @param concat whether the test is appended to the program, so that the label is about what was
///   run
/// @param drawing how programs and tests are drawn; its judge is a `CodeRunner`, whose limits hold
public record CrossTesting(
    int rounds,
    int promptsPerRound,
    int numTrainEpochs,
    boolean anchor,
    int tests,
    String ask,
    @Default("most_passed") ChosenTest chosenTest,
    @Default("1") int gap,
    @Default("true") boolean concat,
    Drawing drawing)
    implements Learning {
  /// Checks the ranges.
  public CrossTesting {
    Check.atLeast("rounds", 1, rounds);
    Check.atLeast("prompts_per_round", 1, promptsPerRound);
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
    Check.atLeast("tests", 1, tests);
    Check.atLeast("gap", 1, gap);
    if (!ask.contains("{prompt}")) {
      throw new IllegalArgumentException(
          "ask must say where the instruction goes: put {prompt} into it");
    }
    if (!(drawing.judge() instanceof CodeRunner)) {
      throw new IllegalArgumentException(
          "drawing.judge must be a CodeRunner, which runs programs against tests");
    }
  }

  @Override
  public Optional<Drawing> draws() {
    return Optional.of(drawing);
  }

  @Override
  public Set<Signal> yields(Needs.Feedback form) {
    return Set.of();
  }

  @Override
  public Collector collects(Asking asking) {
    return new CrossTestRollouts(asking, this);
  }

  @Override
  public void run(Session session) {
    new Rounds(
            rounds,
            promptsPerRound,
            numTrainEpochs,
            anchor,
            /* restart= */ false,
            /* best= */ false)
        .run(session);
  }
}
