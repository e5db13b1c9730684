package io.alidade.model;

import static io.alidade.model.ScoringGradientTest.all;
import static io.alidade.model.ScoringGradientTest.gradients;
import static io.alidade.model.ScoringGradientTest.group;
import static io.alidade.model.ScoringGradientTest.ints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Many short groups, which are padded and computed as one, against each group by itself, which is
/// not: with windows, shared keys and learned positions.
class PaddedAttentionTest {
  private static final PolicySpec DOUBLE = PolicySpec.trainable(Precision.FLOAT64);

  private static List<Group> groups() {
    return List.of(
        group(1, ints(5, 6, 7, 8, 9, 10, 11, 12, 13, 14), all(20, 21, 22), all(23)),
        group(2, ints(30), all(31, 32, 33, 34, 35, 36, 37, 38, 39, 40)),
        group(3, ints(50, 51), all(1), all(2, 3), all(4, 5, 6), all(7, 8, 9, 10)),
        group(4, ints(1, 2, 3), all(9, 9), all(9, 8)),
        group(5, ints(7), all(3), all(4, 4, 4, 4, 4)),
        group(6, ints(11, 12, 13, 14, 15, 16, 17, 18, 19), all(20, 21, 22, 23, 24, 25, 26)));
  }

  private static double[] scores(Policy policy, Batch batch) {
    try (var _ = new Step()) {
      var output =
          PolicyGoldenTest.read(
              policy.score(batch, Set.of(Readout.LOG_LIKELIHOOD), false), Readout.LOG_LIKELIHOOD);
      return Ops.toDoubles(output.sum(1));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama", "qwen2", "mistral"})
  void paddingChangesNothing(String model) {
    try (var policy = Policy.open(Golden.folder(model), DOUBLE)) {
      var together = scores(policy, new Batch(groups()));
      var apart =
          groups().stream()
              .flatMapToDouble(
                  one -> java.util.Arrays.stream(scores(policy, new Batch(List.of(one)))))
              .toArray();
      assertThat(together).containsExactly(apart, within(1e-9));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "mistral"})
  void theGradientOfAPaddedBatchIsThatOfItsValue(String model) {
    try (var policy = Policy.open(Golden.folder(model), DOUBLE)) {
      var batch = new Batch(groups());
      var gradients = gradients(policy, batch, Readout.LOG_LIKELIHOOD);
      double above;
      double below;
      double step = 1e-4;
      double[] squares = {0};
      gradients
          .values()
          .forEach(g -> IntStream.range(0, g.length).forEach(i -> squares[0] += g[i] * g[i]));
      along(policy, gradients, step / Math.sqrt(squares[0]));
      above = ScoringGradientTest.value(policy, batch, Readout.LOG_LIKELIHOOD);
      along(policy, gradients, -2 * step / Math.sqrt(squares[0]));
      below = ScoringGradientTest.value(policy, batch, Readout.LOG_LIKELIHOOD);
      assertThat((above - below) / (2 * step))
          .isCloseTo(Math.sqrt(squares[0]), within(1e-4 * Math.sqrt(squares[0])));
    }
  }

  /// Moves all weights along their gradients.
  private static void along(
      Policy policy, java.util.Map<String, double[]> gradients, double factor) {
    try (var _ = new Step()) {
      policy
          .trainable()
          .forEach((name, leaf) -> {
            var direction = gradients.get(name);
            assertThat(direction).isNotNull();
            if (direction != null) {
              ScoringGradientTest.move(leaf, Ops.doubles(direction, Ops.shape(leaf)), factor);
            }
          });
    }
  }
}
