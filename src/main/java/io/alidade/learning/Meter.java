package io.alidade.learning;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.objective.Loss;
import io.alidade.objective.Needs;
import io.alidade.tensor.Ops;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/// What is reported of every run whatever its objective, under TRL's names: log-likelihoods,
/// entropy, accuracy of the next token, mean logits.
final class Meter {
  private Meter() {}

  /// Readouts that the metrics of an objective's form of feedback are made of.
  static Set<Readout> watched(Needs needs) {
    return needs.readouts().contains(Readout.LOG_LIKELIHOOD)
        ? switch (needs.feedback()) {
          case DEMONSTRATIONS -> EnumSet.of(Readout.ENTROPY, Readout.TOP_ONE);
          case PAIRS, LABELLED, RANKINGS, ROLLOUTS ->
              EnumSet.of(Readout.ENTROPY, Readout.TOP_ONE, Readout.MEAN_LOGIT);
        }
        : EnumSet.noneOf(Readout.class);
  }

  /// The metrics of one pass, those of the objective included.
  static SequencedMap<String, Loss.Metric> of(Needs needs, Batch batch, Pass.Result result) {
    var metrics = new LinkedHashMap<String, Loss.Metric>();
    var outputs = result.outputs();
    var mask = result.mask();
    if (outputs.containsKey(Readout.ENTROPY)) {
      metrics.put("entropy", mean(outputs.get(Readout.ENTROPY), mask));
    }
    metrics.putAll(result.loss().metrics());
    var likelihood = outputs.get(Readout.LOG_LIKELIHOOD);
    if (likelihood == null) {
      return metrics;
    }
    switch (needs.feedback()) {
      case DEMONSTRATIONS -> metrics.put("mean_token_accuracy", mean(top(outputs), mask));
      case PAIRS -> {
        for (int side = 0; side < 2; side++) {
          var name = side == 0 ? "chosen" : "rejected";
          var rows = Ops.indices(rows(batch, side));
          var kept = mask.index_select(0, rows);
          var total = likelihood.index_select(0, rows).mul(kept).sum(1);
          metrics.put("logps/" + name, new Loss.Metric(Ops.number(total.sum()), total.numel()));
          var logits = outputs.get(Readout.MEAN_LOGIT);
          if (logits != null) {
            metrics.put("logits/" + name, mean(logits.index_select(0, rows), kept));
          }
          if (side == 0) {
            metrics.put("mean_token_accuracy", mean(top(outputs).index_select(0, rows), kept));
          }
        }
      }
      case LABELLED, RANKINGS, ROLLOUTS -> {}
    }
    return metrics;
  }

  /// Tokens that a batch holds, prompts counted once a candidate as TRL counts them.
  static long tokens(List<Batch> passes) {
    return passes.stream()
        .flatMap(b -> b.groups().stream())
        .mapToLong(io.alidade.batch.Group::tokens)
        .sum();
  }

  private static Tensor top(Map<Readout, Tensor> outputs) {
    var tensor = outputs.get(Readout.TOP_ONE);
    if (tensor == null) {
      throw new IllegalStateException("the readout TOP_ONE is watched but was not reported");
    }
    return tensor;
  }

  private static Loss.Metric mean(Tensor values, Tensor mask) {
    return new Loss.Metric(Ops.number(values.mul(mask).sum()), Math.max(1, Ops.number(mask.sum())));
  }

  private static int[] rows(Batch batch, int side) {
    var rows = new int[batch.groups().size()];
    int at = 0;
    for (int g = 0; g < rows.length; g++) {
      rows[g] = at + side;
      at += batch.groups().get(g).candidates().size();
    }
    return rows;
  }
}
