package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.batch.Shuffle;
import io.alidade.example.Signal;
import io.alidade.learning.rounds.Asking;
import io.alidade.learning.rounds.NashRollouts;
import io.alidade.objective.Needs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

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
/// @param best whether the run ends with the policy of the round whose held-out reward is largest,
///   rather than with the last one
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
    boolean best,
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

  /// Places of the chosen and the rejected answer of each pair of one prompt that is learned from.
  ///
  /// @param scores of the policy's answers in the order of drawing and, behind them, the teacher's
  ///   if there is one; NaN where the judge could not tell
  /// @param answers their tokens
  public List<int[]> pairs(double[] scores, List<int[]> answers) {
    var pairs = new ArrayList<int[]>();
    for (int won = 0; won < scores.length; won++) {
      double lead = won < drawing.samples() ? studentMargin : margin;
      if (scores[won] >= floor && !repeats(answers, won)) { // not for NaN
        for (int lost = 0; lost < scores.length; lost++) {
          boolean beaten =
              scores[won] - scores[lost] >= lead
                  || (!Double.isNaN(scores[lost]) && repeats(answers, lost));
          if (lost != won && beaten) {
            pairs.add(new int[] {won, lost});
          }
        }
      }
    }
    return pairs;
  }

  /// Whether an answer of the policy says the same over and over.
  private boolean repeats(List<int[]> answers, int place) {
    return place < drawing.samples() && repetition(answers.get(place)) > repetition;
  }

  /// The share of the runs of four tokens that occur more than once; 0 for fewer than five tokens.
  static double repetition(int... tokens) {
    var counts = new HashMap<List<Integer>, Integer>();
    int runs = Math.max(0, tokens.length - 3);
    for (int i = 0; i < runs; i++) {
      counts.merge(
          List.of(tokens[i], tokens[i + 1], tokens[i + 2], tokens[i + 3]), 1, Integer::sum);
    }
    int repeated = counts.values().stream().filter(count -> count > 1).mapToInt(c -> c).sum();
    return runs == 0 ? 0 : (double) repeated / runs;
  }

  /// Which pairs of an earlier round a round learns from again: a random share of them, `replay` of
  /// the round before, half of it of the one before that, and so on.
  ///
  /// @param round that learns, from 0
  /// @param past an earlier one
  /// @param pairs that the earlier one made itself
  /// @param seed of the run
  /// @return places among these pairs, in their order
  public int[] again(int round, int past, int pairs, long seed) {
    double share = replay / (1L << Math.min(62, round - past - 1));
    var random =
        new SplittableRandom((seed * 0x9E3779B97F4A7C15L + round) * 0x5851F42D4C957F2DL + past);
    var order = Shuffle.of(pairs, random::nextInt);
    return Arrays.stream(order).limit((long) (share * pairs)).sorted().toArray();
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
    new Rounds(rounds, promptsPerRound, numTrainEpochs, /* anchor= */ true, restart, best)
        .run(session);
  }
}
