package io.alidade.learning;

import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.model.CombinedAdapters;
import io.alidade.objective.Dpo;
import io.alidade.objective.Loss;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// Weights of combined adapters, not negative and of sum 1, that minimise the DPO loss over
/// memories of all domains: `argmin_lambda sum_j 1/|M_j| sum_(M_j) -log sigmoid(beta
/// (Delta_W(lambda) - Delta_ref))`. Projected gradient descent from equal weights; a step that does
/// not lower the loss is halved.
///
/// @param evaluations of the loss at most
/// @param free whether any weights will do, without projection
record Simplex(int evaluations, boolean free) {
  private static final int BATCH = 16;
  private static final double ENOUGH = 1e-6;

  /// Loss and gradient at a point.
  private record Point(double loss, double[] slope) {}

  /// Fits and sets the weights.
  ///
  /// @param memories pairs of each domain
  double[] fit(
      Session session, CombinedAdapters combined, List<List<Group>> memories, double beta) {
    var weights = new double[memories.size()];
    Arrays.fill(weights, 1.0 / weights.length);
    var pass = session.pass(new Dpo(beta, new ReverseKl()), combined.policy());
    var here = at(pass, combined, memories, weights);
    double rate = 1 / Math.max(ENOUGH, norm(here.slope));
    for (int i = 1; i < evaluations && weights.length > 1 && rate > ENOUGH; i++) {
      var to = new double[weights.length];
      for (int j = 0; j < to.length; j++) {
        to[j] = weights[j] - rate * here.slope[j];
      }
      to = free ? to : projected(to);
      var there = at(pass, combined, memories, to);
      if (there.loss < here.loss) {
        weights = to;
        here = there;
        rate *= 1.5;
      } else {
        rate /= 2;
      }
    }
    combined.weigh(weights);
    return weights;
  }

  private static double norm(double[] values) {
    return Math.sqrt(Arrays.stream(values).map(v -> v * v).sum());
  }

  private static Point at(
      Pass pass, CombinedAdapters combined, List<List<Group>> memories, double[] weights) {
    combined.weigh(weights);
    double loss = 0;
    for (var memory : memories) {
      for (int from = 0; from < memory.size(); from += BATCH) {
        var batch = new Batch(memory.subList(from, Math.min(memory.size(), from + BATCH)));
        try (var _ = new Step()) {
          var term =
              pass.differentiate(batch, Map.of(), List.of((double) memory.size()))
                  .loss()
                  .terms()
                  .getFirst();
          loss += sum(term) / memory.size();
        }
      }
    }
    return new Point(loss, combined.slope());
  }

  private static double sum(Loss.Term term) {
    return Ops.number(term.sum().detach());
  }

  /// The nearest point of the simplex (Duchi et al. 2008, figure 1).
  static double[] projected(double[] point) {
    var sorted = point.clone();
    Arrays.sort(sorted);
    double sum = 0;
    double shift = 0;
    for (int i = 0; i < sorted.length; i++) {
      double value = sorted[sorted.length - 1 - i];
      sum += value;
      double candidate = (sum - 1) / (i + 1);
      if (value > candidate) {
        shift = candidate;
      }
    }
    double all = shift;
    return Arrays.stream(point).map(v -> Math.max(0, v - all)).toArray();
  }

  /// Weights for a reader.
  static String words(double[] weights) {
    return Arrays.stream(weights)
        .mapToObj(weight -> String.format(Locale.ROOT, "%.3f", weight))
        .collect(Collectors.joining(", "));
  }
}
