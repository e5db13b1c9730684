package io.alidade.judge;

import io.alidade.Check;
import io.alidade.judge.answer.Answers;
import io.alidade.judge.answer.FinalAnswer;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// A reward of 1 for a right answer and 0 for a wrong one or none, told by the final answer that
/// the data give: GSM8K (Cobbe et al. 2021, arXiv:2110.14168), MATH (Hendrycks et al. 2021,
/// arXiv:2103.03874).
///
/// @param column of the row that holds the right answer, or a text that ends in it; a list holds
///   several that are all right
/// @param find where the final answer of a text stands; that of the column is boxed or marked, or
///   all of it
/// @param tolerance relative distance of numbers that are not whole, at least 0
public record ExactAnswer(String column, FinalAnswer find, double tolerance) implements Reward {
  /// The name under which a verdict tells which answers say the same: their numbers are equal.
  public static final String CLASSES = "answer_class";

  /// Checks the range.
  public ExactAnswer {
    Check.notNegative("tolerance", tolerance);
  }

  @Override
  public double reward(Case one, int index) {
    var given = find.of(one.answer(index));
    if (given.isEmpty()) {
      return 0;
    }
    for (var right : one.texts(column)) {
      var marked = FinalAnswer.BOXED.of(right).or(() -> FinalAnswer.MARKED.of(right));
      if (Answers.same(given.get(), marked.orElse(right), tolerance)) {
        return 1;
      }
    }
    return 0;
  }

  /// Verdicts that tell as `answer_class` which final answers are the same; those without any are
  /// of one class.
  @Override
  public Sitting open(Consumer<String> log) {
    var rewards = Reward.super.open(log);
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        var verdicts = rewards.judge(cases);
        return IntStream.range(0, cases.size())
            .mapToObj(i -> verdicts.get(i).with(CLASSES, classes(cases.get(i))))
            .toList();
      }

      @Override
      public void close() {
        rewards.close();
      }
    };
  }

  /// The place of the first answer that says the same, for each answer.
  private double[] classes(Case one) {
    int count = one.answers().size();
    var given = IntStream.range(0, count).mapToObj(i -> find.of(one.answer(i))).toList();
    var classes = new double[count];
    for (int i = 0; i < count; i++) {
      int first = 0;
      while (first < i && !same(given.get(first), given.get(i))) {
        first++;
      }
      classes[i] = first;
    }
    return classes;
  }

  private boolean same(Optional<String> one, Optional<String> other) {
    if (one.equals(other)) {
      return true;
    }
    return one.isPresent() && other.isPresent() && Answers.same(one.get(), other.get(), tolerance);
  }
}
