package io.alidade.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.objective.Dpo;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FiniteWorldTest {
  @TempDir Path folder;

  private static Batch lists() {
    return new Batch(
        List.of(
            new Group(
                new Example.Row("w", 1),
                new int[] {1},
                List.of(Completion.of(0, 2), Completion.of(1)),
                Map.of())));
  }

  @Test
  void readoutsAreThoseOfTheDistribution() {
    try (var _ = new Step();
        var policy = new TabularPolicy(new double[][] {{9, 9, 9}, {0.1, 0.7, -0.4}})) {
      var p = policy.probabilities(1);
      var wanted =
          EnumSet.of(
              Readout.LOG_LIKELIHOOD,
              Readout.ENTROPY,
              Readout.COLLISION,
              Readout.LOG_NORMALIZER,
              Readout.MEAN_LOGIT,
              Readout.TOP_ONE,
              Readout.REWARD);
      var outputs = policy.score(lists(), wanted, false).outputs();
      double entropy = 0;
      double collision = 0;
      for (double one : p) {
        entropy -= one * Math.log(one);
        collision += one * one;
      }
      double normaliser = Math.log(Math.exp(0.1) + Math.exp(0.7) + Math.exp(-0.4));
      same(outputs, Readout.LOG_LIKELIHOOD, Math.log(p[0]), Math.log(p[2]), Math.log(p[1]), 0);
      same(outputs, Readout.ENTROPY, entropy, entropy, entropy, 0);
      double log = Math.log(collision);
      same(outputs, Readout.COLLISION, log, log, log, 0);
      same(outputs, Readout.LOG_NORMALIZER, normaliser, normaliser, normaliser, 0);
      double mean = 0.4 / 3;
      same(outputs, Readout.MEAN_LOGIT, mean, mean, mean, 0);
      same(outputs, Readout.TOP_ONE, 0, 0, 1, 0);
      same(outputs, Readout.REWARD, -0.4, 0.7);
      assertThatThrownBy(() -> policy.score(lists(), Set.of(Readout.HIDDEN), false))
          .hasMessageContaining("HIDDEN");
    }
  }

  private static void same(
      Map<Readout, org.bytedeco.pytorch.Tensor> outputs, Readout readout, double... wanted) {
    assertThat(outputs).containsKey(readout);
    assertThat(Ops.toDoubles(java.util.Objects.requireNonNull(outputs.get(readout))))
        .as(readout.name())
        .containsExactly(wanted, within(1e-12));
  }

  @Test
  void gradientsReachEveryWeightAndEqualFiniteDifferences() {
    var random = new SplittableRandom(3);
    var features = new double[2][3][4];
    for (var table : features) {
      for (var row : table) {
        java.util.Arrays.setAll(row, _ -> random.nextDouble(-1, 1));
      }
    }
    try (var policy = FeaturePolicy.random(features, 1, random, 5)) {
      try (var _ = new Step()) {
        var scoring = policy.score(lists(), Set.of(Readout.LOG_LIKELIHOOD), true);
        var weights = Ops.doubles(new double[] {1, 2, 3, 0}, 2, 2);
        scoring.backward(Map.of(Readout.LOG_LIKELIHOOD, weights));
      }
      policy
          .trainable()
          .forEach((name, weight) -> {
            try (var _ = new Step()) {
              var slope = Ops.toDoubles(Grad.gathered(weight));
              double measured = (moved(policy, weight, 1e-5) - moved(policy, weight, -1e-5)) / 2e-5;
              assertThat(measured).as(name).isCloseTo(slope[0], within(1e-8));
            }
          });
    }
  }

  /// The weighted likelihoods with the first number of a weight moved.
  private static double moved(FeaturePolicy policy, org.bytedeco.pytorch.Tensor weight, double by) {
    var memory = Ops.memory(weight.detach()).asSlice(0, 8);
    double before = memory.get(java.lang.foreign.ValueLayout.JAVA_DOUBLE, 0);
    memory.set(java.lang.foreign.ValueLayout.JAVA_DOUBLE, 0, before + by);
    var p = policy.probabilities(1)[0];
    memory.set(java.lang.foreign.ValueLayout.JAVA_DOUBLE, 0, before);
    return Math.log(p[0]) + 2 * Math.log(p[2]) + 3 * Math.log(p[1]);
  }

  @Test
  void aCopyLearnsByItself() {
    var features = new double[][][] {{{1, 0}, {0, 1}}};
    try (var reference = FeaturePolicy.linear(features, 0, 0);
        var policy = reference.copy()) {
      new Lesson(new GradientDescent(1), 1, 20, 0, folder)
          .teach(
              new Dpo(1, new ReverseKl()),
              policy,
              reference,
              List.of(TabularPolicy.pair(0, 0, 1, 0)));
      assertThat(policy.probabilities(0)[0][0]).isGreaterThan(0.8);
      assertThat(reference.probabilities(0)[0][0]).isEqualTo(0.5);
      assertThat(policy.logits(0)[0][0]).isPositive();
    }
  }

  @Test
  void gradientDescentTakesTheStepOfTheEquation() {
    // One pair, beta 1, at the reference: the slope of -log sigmoid(m) is -1/2, and the logits of
    // the
    // pair move by rate/2 each.
    try (var policy = TabularPolicy.of(0.5, 0.3, 0.2);
        var reference = TabularPolicy.of(0.5, 0.3, 0.2)) {
      new Lesson(new GradientDescent(0.4), 1, 1, 0, folder)
          .teach(
              new Dpo(1, new ReverseKl()),
              policy,
              reference,
              List.of(TabularPolicy.pair(0, 1, 0, 0)));
      var p = policy.probabilities(0);
      assertThat(Math.log(p[1] / p[0]) - Math.log(0.3 / 0.5)).isCloseTo(0.4, within(1e-12));
      assertThat(Math.log(p[1] / p[2]) - Math.log(0.3 / 0.2)).isCloseTo(0.2, within(1e-12));
    }
  }
}
