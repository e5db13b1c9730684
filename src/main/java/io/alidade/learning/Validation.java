package io.alidade.learning;

import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.objective.Loss;
import io.alidade.objective.Needs;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// Loss and metrics over groups that nothing is learned from: the mean over all of them, however
/// they are cut into passes.
final class Validation {
  private final Pass pass;
  private final Needs needs;
  private final int size;

  /// @param size groups in one pass through the model
  Validation(Pass pass, Needs needs, int size) {
    this.pass = pass;
    this.needs = needs;
    this.size = size;
  }

  /// @param memory what the objective remembers; it is not changed
  /// @param prefix put before each name
  SequencedMap<String, Double> measure(Groups groups, Map<String, Double> memory, String prefix) {
    var terms = new ArrayList<Loss.Metric>();
    var sums = new LinkedHashMap<String, Loss.Metric>();
    for (int at = 0; at < groups.count(); at += size) {
      var members = new ArrayList<Group>();
      for (int i = at; i < Math.min(groups.count(), at + size); i++) {
        members.add(groups.group(i));
      }
      var batch = new Batch(members);
      try (var _ = new Step()) {
        var result = Natives.call(() -> pass.evaluate(batch, memory));
        for (int t = 0; t < result.loss().terms().size(); t++) {
          var term = result.loss().terms().get(t);
          var metric = new Loss.Metric(Ops.number(term.sum()) * term.coefficient(), term.weight());
          if (t < terms.size()) {
            terms.set(t, terms.get(t).plus(metric));
          } else {
            terms.add(metric);
          }
        }
        Meter.of(needs, batch, result)
            .forEach((name, metric) -> sums.merge(name, metric, Loss.Metric::plus));
      }
    }
    var metrics = new LinkedHashMap<String, Double>();
    metrics.put(prefix + "loss", terms.stream().mapToDouble(Loss.Metric::mean).sum());
    sums.forEach((name, metric) -> metrics.put(prefix + name, metric.mean()));
    return metrics;
  }
}
