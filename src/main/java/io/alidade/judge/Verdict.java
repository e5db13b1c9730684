package io.alidade.judge;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;

/// What a judge said of K answers: rewards on one scale, scores of pairs, or chances of pairs.
///
/// A place that could not be judged holds NaN. Whoever learns from pairs reads [#preference()],
/// whoever ranks or averages reads [#standing()]; both exist for every verdict.
public sealed interface Verdict {
  /// P(i beats j), `[K, K]`: 1/2 on the diagonal, `p[i][j] + p[j][i] = 1`; NaN where unknown.
  double[][] preference();

  /// One number an answer, larger is better, `[K]`: the reward itself; of pairs, the mean over all
  /// answers, the answer itself included: GPO's score (Zhang et al. 2024, arXiv:2410.02197) and
  /// SPPO's win rate (Wu et al. 2024, arXiv:2405.00675). Pairs that are unknown do not count.
  double[] standing();

  /// Further numbers worth keeping, one an answer, by name, such as the rewards of each objective.
  SequencedMap<String, double[]> parts();

  /// Number of answers, K.
  int size();

  /// The same with further numbers to keep.
  Verdict with(String name, double[] part);

  /// Rewards on one scale.
  ///
  /// @param values one an answer, in nats of preference: the difference of two is the log-odds that
  ///   one beats the other (Bradley and Terry 1952)
  record Rewards(double[] values, SequencedMap<String, double[]> parts) implements Verdict {
    /// Rewards alone.
    public Rewards(double... values) {
      this(values, new LinkedHashMap<>());
    }

    @Override
    public double[][] preference() {
      return table(size(), (i, j) -> sigmoid(values[i] - values[j]));
    }

    @Override
    public double[] standing() {
      return values.clone();
    }

    @Override
    public int size() {
      return values.length;
    }

    @Override
    public Verdict with(String name, double[] part) {
      return new Rewards(values, added(parts, name, part));
    }
  }

  /// Scores of pairs, which need not come from any scale: preferences may run in a circle.
  ///
  /// @param table `[K, K]`, log-odds that i beats j, `s[i][j] = -s[j][i]`
  record Scores(double[][] table, SequencedMap<String, double[]> parts) implements Verdict {
    /// Scores alone.
    public Scores(double[][] table) {
      this(table, new LinkedHashMap<>());
    }

    /// Checks the signs.
    public Scores {
      check(table, 0);
    }

    @Override
    public double[][] preference() {
      return Verdict.table(size(), (i, j) -> sigmoid(table[i][j]));
    }

    @Override
    public double[] standing() {
      return means(table);
    }

    @Override
    public int size() {
      return table.length;
    }

    @Override
    public Verdict with(String name, double[] part) {
      return new Scores(table, added(parts, name, part));
    }
  }

  /// Chances of pairs, which may be certain.
  ///
  /// @param table `[K, K]`, P(i beats j), `p[i][j] + p[j][i] = 1`; a tie is 1/2
  record Chances(double[][] table, SequencedMap<String, double[]> parts) implements Verdict {
    /// Chances alone.
    public Chances(double[][] table) {
      this(table, new LinkedHashMap<>());
    }

    /// Checks that they add up.
    public Chances {
      check(table, 1);
    }

    @Override
    public double[][] preference() {
      return Verdict.table(size(), (i, j) -> table[i][j]);
    }

    @Override
    public double[] standing() {
      return means(table);
    }

    @Override
    public int size() {
      return table.length;
    }

    @Override
    public Verdict with(String name, double[] part) {
      return new Chances(table, added(parts, name, part));
    }
  }

  /// An answer of the largest standing, the first among equals; -1 if none has one.
  default int best() {
    var standing = standing();
    return IntStream.range(0, standing.length)
        .filter(i -> !Double.isNaN(standing[i]))
        .reduce((a, b) -> standing[b] > standing[a] ? b : a)
        .orElse(-1);
  }

  /// An answer of the smallest standing, the last among equals; -1 if none has one.
  default int worst() {
    var standing = standing();
    return IntStream.range(0, standing.length)
        .filter(i -> !Double.isNaN(standing[i]))
        .reduce((a, b) -> standing[b] <= standing[a] ? b : a)
        .orElse(-1);
  }

  /// Whether nothing can be learned from it: fewer than two answers are judged, or all that are
  /// stand equal.
  default boolean indifferent() {
    var known = Arrays.stream(standing()).filter(v -> !Double.isNaN(v)).toArray();
    return known.length < 2 || Arrays.stream(known).allMatch(v -> v == known[0]);
  }

  /// How many answers could not be judged at all.
  default int unknown() {
    return (int) Arrays.stream(standing()).filter(Double::isNaN).count();
  }

  /// A number for a pair of places.
  @FunctionalInterface
  interface Pair {
    /// For row `i` and column `j`.
    double of(int i, int j);
  }

  private static double[][] table(int size, Pair value) {
    var table = new double[size][size];
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        table[i][j] = i == j ? 0.5 : value.of(i, j);
      }
    }
    return table;
  }

  private static double[] means(double[][] table) {
    var means = new double[table.length];
    for (int i = 0; i < means.length; i++) {
      double sum = 0;
      int known = 0;
      int others = 0;
      for (int j = 0; j < means.length; j++) {
        if (!Double.isNaN(table[i][j])) {
          sum += table[i][j];
          known++;
          others += i == j ? 0 : 1;
        }
      }
      means[i] = others > 0 || means.length == 1 ? sum / known : Double.NaN;
    }
    return means;
  }

  private static void check(double[][] table, double sum) {
    for (int i = 0; i < table.length; i++) {
      if (table[i].length != table.length) {
        throw new IllegalArgumentException("a table of pairs that is not square");
      }
      for (int j = 0; j <= i; j++) {
        double both = table[i][j] + table[j][i];
        boolean known = !Double.isNaN(table[i][j]) || !Double.isNaN(table[j][i]);
        if (known && !(Math.abs(both - sum) <= 1e-9 * (1 + Math.abs(table[i][j])))) {
          throw new IllegalArgumentException(
              "places (%d, %d) and back hold %s and %s, which do not add up to %s"
                  .formatted(i, j, table[i][j], table[j][i], sum));
        }
      }
    }
  }

  private static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  }

  private static SequencedMap<String, double[]> added(
      Map<String, double[]> parts, String name, double[] part) {
    var more = new LinkedHashMap<>(parts);
    more.put(name, part);
    return more;
  }
}
