package io.alidade.judge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Several judges, their standings added up with weights; each stays visible under its name.
///
/// @param judges by name, at least one
/// @param weights one a judge, under the same names; finite
public record Weighted(Map<String, Judge> judges, Map<String, Double> weights) implements Judge {
  /// Checks that each judge has a weight.
  public Weighted {
    if (judges.isEmpty() || !judges.keySet().equals(weights.keySet())) {
      throw new IllegalArgumentException(
          "weights must name the same judges, were %s for %s"
              .formatted(weights.keySet(), judges.keySet()));
    }
    weights.forEach((name, weight) -> io.alidade.Check.finite("weights." + name, weight));
    judges = Map.copyOf(judges);
    weights = Map.copyOf(weights);
  }

  @Override
  public Sitting open(Consumer<String> log) {
    SequencedMap<String, Sitting> sittings = new TreeMap<>();
    boolean complete = false;
    try {
      new TreeMap<>(judges)
          .forEach((name, judge) ->
              sittings.put(name, judge.open(line -> log.accept(name + ": " + line))));
      complete = true;
    } finally {
      if (!complete) {
        sittings.values().forEach(Sitting::close);
      }
    }
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        var sums = new ArrayList<Verdict>();
        cases.forEach(one -> sums.add(new Verdict.Rewards(new double[one.answers().size()])));
        sittings.forEach((name, sitting) -> {
          var verdicts = sitting.judge(cases);
          for (int c = 0; c < sums.size(); c++) {
            sums.set(c, plus(sums.get(c), weights.getOrDefault(name, 0.0), name, verdicts.get(c)));
          }
        });
        return List.copyOf(sums);
      }

      @Override
      public void close() {
        sittings.values().forEach(Sitting::close);
      }
    };
  }

  private static Verdict plus(Verdict sum, double weight, String name, Verdict other) {
    var values = sum.standing();
    var standing = other.standing();
    for (int i = 0; i < values.length; i++) {
      values[i] += weight * standing[i]; // NaN stays NaN: half a sum is no reward
    }
    return new Verdict.Rewards(values, sum.parts()).with(name, standing);
  }
}
