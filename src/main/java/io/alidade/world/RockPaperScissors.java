package io.alidade.world;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.model.Scorer;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/// Answers of which one of three hidden attributes dominates, and preferences that go by it: in a
/// circle as in the game, or in order.
///
/// An answer has seven tokens, each of one attribute, and an end. The attribute of most of them
/// dominates; answers without a single one are not drawn. In a circle attribute `a` beats `(a + 2)
/// mod 3`; in order the larger attribute beats the smaller one.
///
/// @param circular whether preferences run in a circle
public record RockPaperScissors(boolean circular) {
  /// Number of tokens there are.
  public static final int VOCABULARY = 14;

  /// Tokens of an answer, the end included.
  public static final int ANSWER = 8;

  private static final int BEGIN = 0;
  private static final int END = 1;
  private static final int FIRST = 2;
  private static final int ATTRIBUTES = 3;
  private static final int KINDS = 4; // tokens of an attribute
  private static final int PASS = 128;

  /// The attribute of most tokens; -1 if several have as many.
  static int dominant(int... answer) {
    var counts = new int[ATTRIBUTES];
    for (int token : answer) {
      if (token >= FIRST) {
        counts[(token - FIRST) / KINDS]++;
      }
    }
    int most = Arrays.stream(counts).max().orElse(0);
    int dominant = -1;
    for (int a = 0; a < ATTRIBUTES; a++) {
      if (counts[a] == most) {
        if (dominant >= 0) {
          return -1;
        }
        dominant = a;
      }
    }
    return dominant;
  }

  /// Whether an attribute beats another one.
  boolean beats(int one, int other) {
    return circular ? (one - other + ATTRIBUTES) % ATTRIBUTES == 1 : one > other;
  }

  /// Pairs of answers with different dominant attributes, the winner first.
  ///
  /// @param noise share of pairs that are turned round
  public List<Group> pairs(int count, double noise, RandomGenerator random) {
    var pairs = new ArrayList<Group>();
    while (pairs.size() < count) {
      var one = answer(random);
      var other = answer(random);
      int first = dominant(one);
      int second = dominant(other);
      if (first >= 0 && second >= 0 && first != second) {
        boolean given = beats(first, second) != (random.nextDouble() < noise);
        pairs.add(
            new Group(
                new Example.Row("rock-paper-scissors", pairs.size() + 1L),
                new int[] {BEGIN},
                List.of(Completion.of(given ? one : other), Completion.of(given ? other : one)),
                Map.of()));
      }
    }
    return pairs;
  }

  private static int[] answer(RandomGenerator random) {
    var answer = random.ints(ANSWER, FIRST, VOCABULARY).toArray();
    answer[ANSWER - 1] = END;
    return answer;
  }

  /// Says whether the first of two answers is preferred, by what a reward head gives for each.
  @FunctionalInterface
  public interface Comparison {
    /// @param one outputs for an answer
    /// @param other outputs for another
    /// @return the log-odds that the first is better, in any unit
    double score(double[] one, double[] other);
  }

  /// The share of pairs whose first answer is preferred.
  public static double accuracy(Scorer scorer, List<Group> pairs, Comparison by) {
    int right = 0;
    for (int at = 0; at < pairs.size(); at += PASS) {
      var batch = new Batch(pairs.subList(at, Math.min(pairs.size(), at + PASS)));
      try (var _ = new Step()) {
        var outputs = scorer.score(batch, Set.of(Readout.REWARD), false).outputs();
        var values = Ops.toDoubles(java.util.Objects.requireNonNull(outputs.get(Readout.REWARD)));
        int width = values.length / batch.candidates();
        for (int p = 0; p < batch.groups().size(); p++) {
          var one = Arrays.copyOfRange(values, 2 * p * width, (2 * p + 1) * width);
          var other = Arrays.copyOfRange(values, (2 * p + 1) * width, (2 * p + 2) * width);
          right += by.score(one, other) > 0 ? 1 : 0;
        }
      }
    }
    return (double) right / pairs.size();
  }
}
