package io.alidade.mine;

import java.util.EnumMap;
import java.util.Map;

/// Counts of outcomes.
final class Tally {
  private final EnumMap<Outcome, Integer> counts = new EnumMap<>(Outcome.class);

  void add(Outcome outcome) {
    counts.merge(outcome, 1, Integer::sum);
  }

  /// A kept row turned out to be something else.
  void move(Outcome outcome) {
    counts.merge(Outcome.KEPT, -1, Integer::sum);
    add(outcome);
  }

  Map<Outcome, Integer> counts() {
    var all = new EnumMap<Outcome, Integer>(Outcome.class);
    for (var outcome : Outcome.values()) {
      all.put(outcome, counts.getOrDefault(outcome, 0));
    }
    return all;
  }
}
