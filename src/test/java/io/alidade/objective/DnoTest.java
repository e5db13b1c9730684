package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import io.alidade.world.GradientDescent;
import io.alidade.world.Lesson;
import io.alidade.world.TabularPolicy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Direct Nash optimization on rock, paper and scissors, against numbers worked out by hand.
class DnoTest {
  private static final double[][] GAME = {{0.5, 1, 0}, {0, 0.5, 1}, {1, 0, 0.5}};
  private static final double[] BEFORE = {0.6, 0.3, 0.1};

  @TempDir Path folder;

  /// `E[P(y beats y')]` over a policy.
  private static double[] rewards(double... policy) {
    return Arrays.stream(GAME)
        .mapToDouble(row -> row[0] * policy[0] + row[1] * policy[1] + row[2] * policy[2])
        .toArray();
  }

  /// A group of answers of one token with log-ratios to the reference.
  private static Scored batch(double[] ratios, double... wins) {
    int n = ratios.length;
    var ones = new double[n];
    Arrays.fill(ones, 1);
    return new Scored(
        new int[] {n},
        Ops.doubles(ones, n, 1),
        Map.of(Readout.LOG_LIKELIHOOD, Grad.leaf(Ops.doubles(ratios, n, 1))),
        Optional.of(Ops.doubles(new double[n], n, 1)),
        Map.of(Dno.WIN_RATE, Ops.doubles(wins, n)),
        Map.of());
  }

  private static double value(Objective objective, Scored batch) {
    return Ops.number(objective.loss(batch).value());
  }

  private static double[] gradient(Objective objective, Scored batch) {
    return Ops.toDoubles(
        Grad.of(objective.loss(batch).value(), List.of(batch.policy().units()))
            .getFirst()
            .flatten());
  }

  @Test
  void aPairIsFittedToItsDifferenceOfWinRates() {
    double eta = 0.5;
    try (var _ = new Step()) {
      var dno = new Dno(eta);
      assertThat(rewards(BEFORE)).containsExactly(new double[] {0.6, 0.25, 0.65}, within(1e-12));
      var optimum = batch(new double[] {-0.05 / eta, 0}, 0.6, 0.65);
      assertThat(value(dno, optimum)).isCloseTo(0.69283478, within(1e-8));
      assertThat(gradient(dno, optimum)[0]).isCloseTo(0, within(1e-15));
      var away = batch(new double[] {0.4 / eta, 0}, 0.6, 0.65);
      assertThat(value(dno, away)).isCloseTo(0.71801421, within(1e-8));
      assertThat(gradient(dno, away)[0] / eta).isCloseTo(0.111185057, within(1e-9));
      var swapped = batch(new double[] {0, 0.4 / eta}, 0.65, 0.6);
      assertThat(value(dno, swapped)).isCloseTo(value(dno, away), within(1e-15));
      var even = batch(new double[2], 0.5, 0.5);
      assertThat(value(dno, even)).isCloseTo(Math.log(2), within(1e-15));
      assertThat(gradient(dno, even)).containsOnly(0);
    }
  }

  @Test
  void aSureVictoryIsDpo() {
    try (var _ = new Step()) {
      var sure = batch(new double[] {-1.5, 0.7}, 1e3, 0);
      assertThat(value(new Dno(0.3), sure))
          .isCloseTo(value(new Dpo(0.3, new ReverseKl()), sure), within(1e-12));
    }
  }

  /// Whatever is drawn: here all three answers in one group, and then only two pairs of them.
  @Test
  void theMinimumIsTheSoftStepOfTheGame() {
    double eta = 0.5;
    double[] expected = {0.69808622, 0.17332968, 0.12858410};
    for (var groups : List.of(List.of(group(0, 1, 2)), List.of(group(0, 1), group(2, 1)))) {
      try (var reference = TabularPolicy.of(BEFORE);
          var policy = TabularPolicy.of(BEFORE)) {
        new Lesson(new GradientDescent(20), 2, 200, 1, folder)
            .teach(new Dno(eta), policy, reference, groups);
        var found = policy.probabilities(0);
        assertThat(found).containsExactly(expected, within(1e-8));
        double wins = 0;
        double divergence = 0;
        for (int a = 0; a < 3; a++) {
          wins += found[a] * rewards(BEFORE)[a];
          divergence += found[a] * Math.log(found[a] / BEFORE[a]);
        }
        assertThat(wins).isCloseTo(0.54576382, within(1e-8));
        assertThat(0.5 + eta * divergence).isCloseTo(0.52147030, within(1e-8)).isLessThan(wins);
      }
    }
  }

  private static Group group(int... answers) {
    var wins = rewards(BEFORE);
    return new Group(
        new Example.Row("game", 1),
        new int[] {0},
        Arrays.stream(answers).mapToObj(Completion::of).toList(),
        Map.of(Dno.WIN_RATE, Arrays.stream(answers).mapToDouble(a -> wins[a]).toArray()));
  }

  @Test
  void rangesAreChecked() {
    assertThatThrownBy(() -> new Dno(0)).hasMessageContaining("eta must be positive");
  }
}
