package io.alidade.judge;

import io.alidade.Check;
import io.alidade.judge.answer.Answers;
import io.alidade.judge.answer.FinalAnswer;

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
}
