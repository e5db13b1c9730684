package io.alidade.judge.answer;

/// Whether two final answers mean the same, as those of GSM8K and MATH are compared.
public final class Answers {
  private Answers() {}

  /// Whether two answers mean the same: numbers in whatever form, sets in any order, tuples and
  /// intervals, expressions equal wherever they are evaluated, words without regard to case, space
  /// and marks. Whole numbers are equal exactly. Units count only where both have one.
  ///
  /// @param tolerance relative distance of numbers that are not whole, at least 0
  public static boolean same(String one, String other, double tolerance) {
    return MathReader.read(one).same(MathReader.read(other), tolerance);
  }
}
