package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/// Numbers for tests of objectives: nearness, values, and batches given token by token.
final class Numbers {
  private Numbers() {}

  static void near(double actual, double expected, double tolerance) {
    assertThat(actual).isCloseTo(expected, within(tolerance));
  }

  static double value(Objective objective, Scored batch) {
    return Ops.number(objective.loss(batch).value());
  }

  /// A batch from log-likelihoods token by token.
  static Scored tokens(
      int[] sizes,
      double[][] policy,
      double[][] reference,
      Map<Signal, double[]> perGroupOrCandidate,
      Map<Signal, double[][]> perToken) {
    var signals = new HashMap<Signal, Tensor>();
    perGroupOrCandidate.forEach((signal, v) -> signals.put(signal, Ops.doubles(v, v.length)));
    perToken.forEach((signal, v) -> signals.put(signal, table(v)));
    var mask = new double[policy.length][];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = new double[policy[i].length];
      Arrays.fill(mask[i], 1);
    }
    return new Scored(
        sizes,
        table(mask),
        Map.of(Readout.LOG_LIKELIHOOD, Grad.leaf(table(policy))),
        Optional.of(table(reference)),
        signals,
        Map.of());
  }

  static Tensor table(double[][] rows) {
    int columns = Arrays.stream(rows).mapToInt(r -> r.length).max().orElse(1);
    var flat = new double[rows.length * columns];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, flat, i * columns, rows[i].length);
    }
    return Ops.doubles(flat, rows.length, columns);
  }
}
