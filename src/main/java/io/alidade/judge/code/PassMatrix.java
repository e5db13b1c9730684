package io.alidade.judge.code;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Which programs of a model pass which tests of the same model, and the pair that it believes most
/// (DSTC; Liu et al. 2024): neither programs nor tests are known to be right, so each is judged by
/// the others.
///
/// With `P_ij = 1` where program `i` passes test `j`: a program's score is `s_i = sum_j P_ij`, a
/// test's ease `d_j = sum_i P_ij`. Chosen is the program of largest score with the easiest test
/// that it passes; rejected the one of least score with the easiest test that it fails: a test that
/// others pass is probably right, so failing it is credible.
///
/// @param passes `[programs][tests]`
/// @param lengths of the programs; of equal scores the shorter program counts first, then the
///   earlier
/// @param assertions of the tests; of equal ease the test with more of them counts first
public record PassMatrix(boolean[][] passes, int[] lengths, int[] assertions) {
  /// Which of the tests that the chosen program passes goes with it.
  public enum ChosenTest {
    /// The one that most programs pass.
    MOST_PASSED,
    /// The one that fewest programs pass.
    HARDEST
  }

  /// What was selected, by number.
  public record Selected(int chosen, int chosenTest, int rejected, int rejectedTest) {}

  /// Checks that there is a row for each program and a column for each test.
  public PassMatrix {
    if (passes.length != lengths.length
        || Arrays.stream(passes).anyMatch(row -> row.length != assertions.length)) {
      throw new IllegalArgumentException(
          "a matrix of %d programs and %d tests".formatted(lengths.length, assertions.length));
    }
  }

  /// How many tests each program passes.
  public int[] scores() {
    return Arrays.stream(passes).mapToInt(PassMatrix::count).toArray();
  }

  private static int count(boolean[] row) {
    int count = 0;
    for (boolean one : row) {
      count += one ? 1 : 0;
    }
    return count;
  }

  /// How many programs pass each test.
  int[] ease() {
    return IntStream.range(0, assertions.length)
        .map(j -> (int) Arrays.stream(passes).filter(row -> row[j]).count())
        .toArray();
  }

  /// The pair, or none where the programs do not differ by the gap, or the least one fails nothing.
  ///
  /// @param gap between the two scores at least, at least 1
  public Optional<Selected> select(ChosenTest test, int gap) {
    if (passes.length == 0) {
      return Optional.empty();
    }
    int[] s = scores();
    int best = program(Comparator.comparingInt((Integer i) -> -s[i]));
    int worst = program(Comparator.comparingInt((Integer i) -> s[i]));
    if (s[best] - s[worst] < gap || s[best] == s[worst]) {
      return Optional.empty();
    }
    int sign = test == ChosenTest.HARDEST ? -1 : 1;
    return Optional.of(
        new Selected(
            best, test(j -> passes[best][j], sign), worst, test(j -> !passes[worst][j], 1)));
  }

  /// The baseline: a random passing combination against a random failing one, or none where all
  /// pass or all fail.
  public Optional<Selected> random(RandomGenerator random) {
    var passing = combinations(true);
    var failing = combinations(false);
    if (passing.isEmpty() || failing.isEmpty()) {
      return Optional.empty();
    }
    var good = passing.get(random.nextInt(passing.size()));
    var bad = failing.get(random.nextInt(failing.size()));
    return Optional.of(new Selected(good[0], good[1], bad[0], bad[1]));
  }

  private List<int[]> combinations(boolean passed) {
    var found = new ArrayList<int[]>();
    for (int i = 0; i < passes.length; i++) {
      for (int j = 0; j < assertions.length; j++) {
        if (passes[i][j] == passed) {
          found.add(new int[] {i, j});
        }
      }
    }
    return found;
  }

  private int program(Comparator<Integer> order) {
    return IntStream.range(0, passes.length)
        .boxed()
        .min(order.thenComparingInt(i -> lengths[i]).thenComparingInt(i -> i))
        .orElseThrow();
  }

  /// The easiest test among some; the hardest for a sign of -1.
  private int test(IntPredicate among, int sign) {
    int[] d = ease();
    return IntStream.range(0, assertions.length)
        .filter(among)
        .boxed()
        .min(
            Comparator.comparingInt((Integer j) -> -sign * d[j])
                .thenComparingInt(j -> -assertions[j])
                .thenComparingInt(j -> j))
        .orElseThrow();
  }
}
