package io.alidade.judge;

import io.alidade.Check;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Several judges as one that is harder to fool (Coste et al. 2023, arXiv:2310.02743): the mean of
/// their standings, the worst of them, or the mean less a multiple of how far they are apart.
///
/// Standings must be on one scale. What a member cannot judge is left to the others. The standard
/// deviation over members stays visible as `disagreement`.
///
/// @param judges at least one
/// @param combination how they become one
/// @param caution standard deviations that are taken off, at least 0; for `CAUTIOUS` alone
public record Ensemble(List<Judge> judges, Combination combination, double caution)
    implements Judge {
  /// How several become one.
  public enum Combination {
    /// The mean.
    MEAN,
    /// The lowest.
    WORST,
    /// The mean, less for disagreement.
    CAUTIOUS
  }

  /// Checks the ranges.
  public Ensemble {
    Check.notNegative("caution", caution);
    if (judges.isEmpty()) {
      throw new IllegalArgumentException("judges must name at least one");
    }
    judges = List.copyOf(judges);
  }

  @Override
  public Sitting open(Consumer<String> log) {
    var sittings = new ArrayList<Sitting>();
    boolean complete = false;
    try {
      judges.forEach(judge -> sittings.add(judge.open(log)));
      complete = true;
    } finally {
      if (!complete) {
        sittings.forEach(Sitting::close);
      }
    }
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        var all = sittings.stream().map(sitting -> sitting.judge(cases)).toList();
        return IntStream.range(0, cases.size())
            .mapToObj(c -> combined(all.stream().map(one -> one.get(c)).toList()))
            .toList();
      }

      @Override
      public void close() {
        sittings.forEach(Sitting::close);
      }
    };
  }

  private Verdict combined(List<Verdict> verdicts) {
    var standings = verdicts.stream().map(Verdict::standing).toList();
    var values = new double[standings.getFirst().length];
    var apart = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      int at = i;
      var known =
          standings.stream().mapToDouble(s -> s[at]).filter(v -> !Double.isNaN(v)).toArray();
      double mean = java.util.Arrays.stream(known).average().orElse(Double.NaN);
      apart[i] = deviation(known, mean);
      values[i] =
          switch (combination) {
            case MEAN -> mean;
            case WORST -> java.util.Arrays.stream(known).min().orElse(Double.NaN);
            case CAUTIOUS -> mean - caution * apart[i];
          };
    }
    return new Verdict.Rewards(values).with("disagreement", apart);
  }

  /// The standard deviation (of the population) of some numbers.
  static double deviation(double[] values, double mean) {
    return Math.sqrt(
        java.util.Arrays.stream(values)
            .map(v -> (v - mean) * (v - mean))
            .average()
            .orElse(Double.NaN));
  }
}
