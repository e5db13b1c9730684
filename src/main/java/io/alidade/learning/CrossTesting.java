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
/// @param joint how a program with its test is asked for, in what is learned from; `{prompt}` in it
///   is replaced by the instruction. Without it, and for programs alone, the instruction stands as
///   it is
/// @param chosenTest which test goes with the chosen program
/// @param gap between the scores of the two programs at least, at least 1
/// @param concat whether the test is appended to the program, so that the label is about what was
///   run; without it the pair is of the programs alone, which is also what masking the tests'
///   tokens would leave
/// @param selection which pair of an instruction is learned from
/// @param drawing how programs and tests are drawn; its judge is a `CodeRunner`, whose limits hold
public record CrossTesting(
    int rounds,
    int promptsPerRound,
    int numTrainEpochs,
    boolean anchor,
    int tests,
    String ask,
    Optional<String> joint,
    @Default("most_passed") ChosenTest chosenTest,
    @Default("1") int gap,
    @Default("true") boolean concat,
    @Default("minimax") Selection selection,
    Drawing drawing)
    implements Learning {
  /// Which pair of an instruction is learned from.
  public enum Selection {
    /// The one that the whole matrix makes most credible.
    MINIMAX,
    /// The baseline: any passing combination against any failing one.
    RANDOM
  }

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
    if (joint.filter(words -> !words.contains("{prompt}")).isPresent()) {
      throw new IllegalArgumentException(
          "joint must say where the instruction goes: put {prompt} into it");
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
    return form == Needs.Feedback.LABELLED ? Set.of(Drawing.LABEL) : Set.of();
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
