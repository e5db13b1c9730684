package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.example.Signal;
import io.alidade.learning.rounds.Asking;
import io.alidade.learning.rounds.NashRollouts;
import io.alidade.objective.Needs;
import java.util.Optional;
import java.util.Set;

/// The practical form of direct Nash optimization (DNO-Prct, Rosset et al. 2024, arXiv:2404.03715,
/// algorithm 2): in each round the policy's answers and a teacher's are judged side by side, all
/// pairs with a large margin are learned from, old pairs among them, against the policy of the
/// round before.
///
/// An answer is chosen only if it scores `floor` at least. What is rejected scores less by `margin`
/// at least, or by `studentMargin` where the chosen answer is the policy's own. The teacher's
/// answer is that of the data (the first candidate of a row); where a row has none, the policy's
/// answers are among themselves. Numbers are in the judge's units: the paper's judge gives 1 to 6.
///
/// @param rounds at least 1
/// @param promptsPerRound at least 1
/// @param numTrainEpochs passes over as many pairs as there are prompts, at least 1
/// @param restart whether optimizer and schedule begin anew with each round
/// @param teacher whether every row must hold a teacher's answer, which is judged with the others
/// @param floor what a chosen answer scores at least
/// @param margin between a teacher's answer and what is rejected, positive
/// @param studentMargin between an answer of the policy and what is rejected, positive
/// @param replay share of the pairs of the round before that are learned from again, in `[0, 1]`;
///   half of it of the one before that, and so on
/// @param repetition share of the runs of four tokens that occur more than once, in `[0, 1]`; an
///   answer with a larger one loses against every answer that may be chosen
/// @param drawing how answers are drawn and judged
public record NashRounds(
    int rounds,
    int promptsPerRound,
    int numTrainEpochs,
    boolean restart,
    boolean teacher,
    double floor,
    double margin,
    double studentMargin,
    double replay,
    @Default("0.5") double repetition,
    Drawing drawing)
    implements Learning {
  /// Checks the ranges.
  public NashRounds {
    Check.atLeast("rounds", 1, rounds);
    Check.atLeast("prompts_per_round", 1, promptsPerRound);
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
    Check.finite("floor", floor);
    Check.positive("margin", margin);
    Check.positive("student_margin", studentMargin);
    Check.between("replay", 0, 1, replay);
    Check.between("repetition", 0, 1, repetition);
  }

  @Override
  public Optional<Drawing> draws() {
    return Optional.of(drawing);
  }

  @Override
  public Set<Signal> yields(Needs.Feedback form) {
    return form == Needs.Feedback.PAIRS ? Set.of(Drawing.PREFERENCE) : Set.of();
  }

  @Override
  public Collector collects(Asking asking) {
    return new NashRollouts(asking, this);
  }

  @Override
  public void run(Session session) {
    new Iterative(rounds, promptsPerRound, numTrainEpochs, /* anchor= */ true, restart, drawing)
        .run(session);
  }
}
