package io.alidade.study;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.stream.IntStream;

/// Answers that a model drew to problems, each right or wrong, as different objectives learn from
/// them.
///
/// @param problems tokens of each
/// @param answers `[problem][number]`, tokens
/// @param right whether an answer to a problem is
record OutcomeAnswers(List<int[]> problems, int[][][] answers, BiPredicate<int[], int[]> right) {
  /// Draws answers.
  ///
  /// @param samples to each problem
  /// @param tokens of an answer
  static OutcomeAnswers drawn(
      Policy policy,
      List<int[]> problems,
      int samples,
      int tokens,
      long seed,
      BiPredicate<int[], int[]> right) {
    var answers = new int[problems.size()][samples][];
    new Generator(policy, Sampling.plain(tokens, seed), Set.of())
        .sample(
            problems,
            samples,
            0,
            sample -> answers[sample.prompt()][sample.number()] = sample.drawn().tokens());
    return new OutcomeAnswers(problems, answers, right);
  }

  /// All of them, each with its outcome.
  List<Group> labelled() {
    var groups = new ArrayList<Group>();
    for (int p = 0; p < answers.length; p++) {
      for (var one : answers[p]) {
        double label = right.test(problems.get(p), one) ? 1 : 0;
        groups.add(
            group(
                groups.size(),
                p,
                List.of(one),
                Map.of(Signal.perGroup("label"), new double[] {label})));
      }
    }
    return groups;
  }

  /// The right ones.
  List<Group> demonstrations() {
    var groups = new ArrayList<Group>();
    for (int p = 0; p < answers.length; p++) {
      for (var one : some(p, true)) {
        groups.add(group(groups.size(), p, List.of(one), Map.of()));
      }
    }
    return groups;
  }

  /// A right and a wrong one of each problem, as often as it has both.
  ///
  /// @param most pairs of a problem
  List<Group> pairs(int most) {
    var groups = new ArrayList<Group>();
    for (int p = 0; p < answers.length; p++) {
      var won = some(p, true);
      var lost = some(p, false);
      int count = IntStream.of(most, won.size(), lost.size()).min().orElseThrow();
      for (int i = 0; i < count; i++) {
        groups.add(group(groups.size(), p, List.of(won.get(i), lost.get(i)), Map.of()));
      }
    }
    return groups;
  }

  private List<int[]> some(int problem, boolean good) {
    return Arrays.stream(answers[problem])
        .filter(one -> right.test(problems.get(problem), one) == good)
        .toList();
  }

  private Group group(
      int number, int problem, List<int[]> candidates, Map<Signal, double[]> signals) {
    return new Group(
        new Example.Row("answers", number + 1L),
        problems.get(problem),
        candidates.stream().map(Completion::of).toList(),
        signals);
  }
}
