package io.alidade.learning;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.objective.Loss;
import io.alidade.objective.Needs;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// The gradient of a step, accumulated over its passes as if they were one
/// ([Settings.Averaging#STEP]), or averaged over them.
final class Accumulation {
  private final Pass pass;
  private final Needs needs;
  private final Settings.Averaging averaging;

  Accumulation(Pass pass, Needs needs, Settings.Averaging averaging) {
    this.pass = pass;
    this.needs = needs;
    this.averaging = averaging;
  }

  /// What is said of a number that is not finite.
  interface Diverged {
    UserException of(String what, double value, List<Batch> passes);
  }

  /// Adds the gradient of the passes to the policy's parameters. Called inside a step.
  ///
  /// @param memory what the objective remembers; it takes over what the losses wrote
  /// @param labels of rows; they take over what the losses wrote
  /// @return loss and metrics of the step
  SequencedMap<String, Loss.Metric> gradients(
      List<Batch> passes, Map<String, Double> memory, Labels labels, Diverged diverged) {
    var weights = weights(passes);
    var step = new LinkedHashMap<String, Loss.Metric>();
    for (int p = 0; p < passes.size(); p++) {
      try (var _ = new Step()) {
        var batch = passes.get(p);
        var result = pass.differentiate(batch, memory, weights.get(p));
        double loss = 0;
        for (int t = 0; t < result.loss().terms().size(); t++) {
          var term = result.loss().terms().get(t);
          loss += Ops.number(term.sum().detach()) * Pass.share(term, weights.get(p).get(t));
        }
        if (!Double.isFinite(loss)) {
          throw diverged.of("loss", loss, List.of(batch));
        }
        step.merge("loss", new Loss.Metric(loss, p == 0 ? 1 : 0), Loss.Metric::plus);
        boolean whole = averaging == Settings.Averaging.STEP;
        Meter.of(needs, batch, result)
            .forEach((name, metric) ->
                step.merge(
                    name, whole ? metric : new Loss.Metric(metric.mean(), 1), Loss.Metric::plus));
        var extent = result.extent();
        if (extent.places() > 0) {
          double padding = (double) extent.places() - extent.tokens();
          step.merge("padding", new Loss.Metric(padding, extent.places()), Loss.Metric::plus);
        }
        memory.putAll(result.loss().memory());
        labels.keep(batch, result.loss());
      }
    }
    return step;
  }

  /// For each pass, what each term of its loss is divided by.
  private List<List<Double>> weights(List<Batch> passes) {
    var own = new ArrayList<List<Double>>();
    for (var batch : passes) {
      try (var _ = new Step()) {
        own.add(pass.weights(batch));
      }
    }
    if (averaging == Settings.Averaging.MICRO_BATCH) {
      return own.stream()
          .map(terms -> terms.stream().map(weight -> weight * passes.size()).toList())
          .toList();
    }
    var sums = new ArrayList<Double>();
    for (int t = 0; t < own.getFirst().size(); t++) {
      double sum = 0;
      for (var terms : own) {
        sum += terms.get(t);
      }
      sums.add(sum);
    }
    return passes.stream().<List<Double>>map(_ -> sums).toList();
  }
}
