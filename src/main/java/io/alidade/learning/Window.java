package io.alidade.learning;

import io.alidade.objective.Loss;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// Metrics of the steps since the last line of the journal, whose means are its next line.
final class Window {
  /// What the line of progress shows, where it was measured.
  private static final List<String> HEADLINE =
      List.of("loss", "rewards/accuracies", "accuracy", "mean_token_accuracy");

  private final LinkedHashMap<String, Loss.Metric> sums = new LinkedHashMap<>();
  private final Map<String, Double> latest = new HashMap<>();

  void add(String name, Loss.Metric metric) {
    sums.merge(name, metric, Loss.Metric::plus);
    latest.put(name, metric.mean());
  }

  /// What was added last under each name, since the session was opened.
  Map<String, Double> latest() {
    return latest;
  }

  /// The few that tell at a glance how training goes.
  SequencedMap<String, Double> headline() {
    var headline = new LinkedHashMap<String, Double>();
    for (var name : HEADLINE) {
      var value = latest.get(name);
      if (value != null) {
        headline.put(name, value);
      }
    }
    return headline;
  }

  /// The means since the last line; a new window begins.
  SequencedMap<String, Double> close() {
    var means = new LinkedHashMap<String, Double>();
    sums.forEach((name, metric) -> means.put(name, metric.mean()));
    sums.clear();
    return means;
  }

  Map<String, Loss.Metric> state() {
    return sums;
  }

  void restore(Map<String, Loss.Metric> state) {
    sums.putAll(state);
  }
}
