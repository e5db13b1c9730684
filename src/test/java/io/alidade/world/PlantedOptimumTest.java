package io.alidade.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.constraint.AlphaDivergence;
import io.alidade.constraint.ChiSquaredKl;
import io.alidade.constraint.Divergence;
import io.alidade.constraint.ForwardKl;
import io.alidade.constraint.Jeffreys;
import io.alidade.constraint.JensenShannon;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.objective.AnchoredDpo;
import io.alidade.objective.BradleyTerry;
import io.alidade.objective.Cdpo;
import io.alidade.objective.Dpo;
import io.alidade.objective.GivenTarget;
import io.alidade.objective.Ipo;
import io.alidade.objective.Modpo;
import io.alidade.objective.Objective;
import io.alidade.objective.PairTarget;
import io.alidade.objective.PlackettLuce;
import io.alidade.objective.ReferenceFree;
import io.alidade.objective.RobustDpo;
import io.alidade.objective.ScoreTarget;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A few answers, exact comparisons of a known reward, and the optimum that theory gives for each
/// objective: the training loop must end there.
class PlantedOptimumTest {
  private static final double[] REFERENCE = {0.4, 0.3, 0.2, 0.1};
  private static final double[] REWARD = {-0.3, 0.1, 0.4, -0.1};
  private static final double[] OTHER = {0.5, 0.2, -0.2, -0.6};

  @TempDir Path folder;

  /// All ordered pairs, weighted by the probability that the first is said to be better.
  ///
  /// @param said from that under Bradley and Terry's model
  private static List<Group> comparisons(DoubleUnaryOperator said) {
    var groups = new ArrayList<Group>();
    for (int i = 0; i < REWARD.length; i++) {
      for (int j = 0; j < REWARD.length; j++) {
        if (i != j) {
          double sure = said.applyAsDouble(sigmoid(REWARD[i] - REWARD[j]));
          groups.add(
              group(
                  groups.size(),
                  List.of(i, j),
                  Map.of(
                      WeightedPairs.WEIGHT,
                      new double[] {sure},
                      Signal.perCandidate("reward"),
                      new double[] {OTHER[i], OTHER[j]})));
        }
      }
    }
    return groups;
  }

  private static Group group(int row, List<Integer> answers, Map<Signal, double[]> signals) {
    return new Group(
        new Example.Row("planted", row),
        new int[] {0},
        answers.stream().map(a -> Completion.of(a)).toList(),
        signals);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /// Probabilities after training from the reference.
  private double[] learned(Objective objective, List<Group> data) {
    try (var policy = TabularPolicy.of(REFERENCE);
        var reference = TabularPolicy.of(REFERENCE)) {
      new Lesson(Lesson.adam(0.05), data.size(), 250, 1, folder)
          .teach(objective, policy, reference, data);
      return policy.probabilities(0);
    }
  }

  private static double[] normalised(double... weights) {
    double sum = DoubleStream.of(weights).sum();
    return Arrays.stream(weights).map(w -> w / sum).toArray();
  }

  /// `reference * exp(tilt)`, normalised.
  private static double[] tilted(DoubleUnaryOperator tiltOfAnswer) {
    return normalised(
        IntStream.range(0, REFERENCE.length)
            .mapToDouble(a -> REFERENCE[a] * Math.exp(tiltOfAnswer.applyAsDouble(a)))
            .toArray());
  }

  private static void same(double[] found, double[] wanted) {
    assertThat(found).containsExactly(wanted, within(2e-4));
  }

  private static Stream<Divergence> divergences() {
    return Stream.of(
        new ReverseKl(),
        new ForwardKl(),
        new AlphaDivergence(0.5),
        new JensenShannon(),
        new Jeffreys(),
        new ChiSquaredKl());
  }

  @ParameterizedTest
  @MethodSource("divergences")
  void underEachDivergenceDpoEndsWhereItsDerivativeIsTheReward(Divergence divergence) {
    double beta = 0.7;
    var found = learned(new WeightedPairs(new Dpo(beta, divergence)), comparisons(p -> p));
    var ratios = new double[found.length];
    Arrays.setAll(ratios, a -> Math.log(found[a] / REFERENCE[a]));
    double[] implied;
    try (var _ = new Step()) {
      implied = Ops.toDoubles(divergence.reward(Ops.doubles(ratios, ratios.length)));
    }
    for (int a = 1; a < found.length; a++) {
      assertThat(beta * (implied[a] - implied[0])).isCloseTo(REWARD[a] - REWARD[0], within(1e-3));
    }
  }

  @Test
  void dpoEndsAtTheTiltedReference() {
    var found = learned(new WeightedPairs(new Dpo(0.5, new ReverseKl())), comparisons(p -> p));
    same(found, tilted(a -> REWARD[(int) a] / 0.5));
  }

  @Test
  void withoutReferenceTheRewardAloneDecides() {
    var free = new ReferenceFree(new Dpo(0.5, new ReverseKl()));
    var found = learned(new WeightedPairs(free), comparisons(p -> p));
    same(found, normalised(Arrays.stream(REWARD).map(r -> Math.exp(r / 0.5)).toArray()));
  }

  @Test
  void robustDpoEndsWhereCleanLabelsWouldLeadAlthoughAQuarterIsFlipped() {
    var flipped = comparisons(p -> 0.75 * p + 0.25 * (1 - p));
    var robust = learned(new WeightedPairs(new RobustDpo(0.5, 0.25, new ReverseKl())), flipped);
    same(robust, tilted(a -> REWARD[(int) a] / 0.5));
    // Plain DPO believes the flips and stays nearer to the reference.
    var plain = learned(new WeightedPairs(new Dpo(0.5, new ReverseKl())), flipped);
    assertThat(Math.log(plain[2] / plain[0]) - Math.log(0.2 / 0.4))
        .isLessThan(0.6 * (REWARD[2] - REWARD[0]) / 0.5);
  }

  @Test
  void smoothedLabelsAreBelievedTooLittle() {
    var found =
        learned(new WeightedPairs(new Cdpo(0.5, 0.2, new ReverseKl())), comparisons(p -> p));
    // Two sure answers would stop at logit(0.8); these are surer of nothing than the smoothed
    // label.
    double margin = 0.5 * (Math.log(found[2] / found[0]) - Math.log(0.2 / 0.4));
    double label = 0.8 * sigmoid(0.7) + 0.2 * (1 - sigmoid(0.7));
    assertThat(margin).isCloseTo(Math.log(label / (1 - label)), within(0.01));
  }

  @Test
  void modpoEndsAtTheWeightedSumOfBothRewards() {
    for (double w : new double[] {0.3, 0.7}) {
      var modpo = new Modpo(0.5, w, Map.of("reward", 1 - w));
      var found = learned(new WeightedPairs(modpo), comparisons(p -> p));
      same(found, tilted(a -> (w * REWARD[(int) a] + (1 - w) * OTHER[(int) a]) / 0.5));
    }
  }

  @Test
  void ipoStopsAtItsMargin() {
    double tau = 0.4;
    double preference = 0.7;
    var data =
        List.of(
            group(0, List.of(0, 1), Map.of(WeightedPairs.WEIGHT, new double[] {preference})),
            group(1, List.of(1, 0), Map.of(WeightedPairs.WEIGHT, new double[] {1 - preference})));
    var found = learned(new WeightedPairs(new Ipo(tau, false, new ReverseKl())), data);
    double gap = Math.log(found[0] / found[1]) - Math.log(0.4 / 0.3);
    assertThat(gap).isCloseTo((2 * preference - 1) / (2 * tau), within(1e-3));
  }

  @Test
  void exactRankingsGiveTheRewardBack() {
    var rankings = new ArrayList<Group>();
    for (var order :
        List.of(
            List.of(0, 1, 2),
            List.of(0, 2, 1),
            List.of(1, 0, 2),
            List.of(1, 2, 0),
            List.of(2, 0, 1),
            List.of(2, 1, 0))) {
      double probability = 1;
      double left = order.stream().mapToDouble(a -> Math.exp(REWARD[a])).sum();
      for (int a : order) {
        probability *= Math.exp(REWARD[a]) / left;
        left -= Math.exp(REWARD[a]);
      }
      rankings.add(
          group(rankings.size(), order, Map.of(WeightedPairs.WEIGHT, new double[] {probability})));
    }
    var found = learned(new WeightedPairs(new PlackettLuce(0.5, new ReverseKl())), rankings);
    for (int a = 1; a < 3; a++) {
      double gap = Math.log(found[a] / found[0]) - Math.log(REFERENCE[a] / REFERENCE[0]);
      assertThat(0.5 * gap).isCloseTo(REWARD[a] - REWARD[0], within(1e-3));
    }
  }

  @Test
  void softPairsEndAtTheTiltedReferenceToo() {
    var data = new ArrayList<Group>();
    for (int i = 0; i < REWARD.length; i++) {
      for (int j = 0; j < i; j++) {
        double sure = sigmoid(REWARD[i] - REWARD[j]);
        data.add(
            group(
                data.size(),
                List.of(i, j),
                Map.of(Signal.perGroup("p_pref"), new double[] {sure})));
      }
    }
    var found = learned(new AnchoredDpo(2, new PairTarget(), 0, false), data);
    same(found, tilted(a -> 2 * REWARD[(int) a]));
  }

  @Test
  void listsEndAtTheAnchorTimesTheTargetToThePowerOfTheTemperature() {
    var answers = List.of(0, 1, 2, 3);
    var scored = List.of(group(0, answers, Map.of(Signal.perCandidate("score"), REWARD.clone())));
    var byScore = learned(new AnchoredDpo(0.8, new ScoreTarget(0.5, false), 0, false), scored);
    same(byScore, tilted(a -> 0.8 * REWARD[(int) a] / 0.5));

    var target = new double[] {0.1, 0.2, 0.3, 0.4};
    var given = List.of(group(0, answers, Map.of(Signal.perCandidate("target"), target)));
    var byTarget = learned(new AnchoredDpo(0.8, new GivenTarget(), 0, false), given);
    same(byTarget, tilted(a -> 0.8 * Math.log(target[(int) a])));
  }

  @Test
  void aRewardModelFindsTheRewardItself() {
    var data = comparisons(p -> p);
    var start = Arrays.stream(REFERENCE).map(Math::log).toArray();
    try (var model = new TabularPolicy(new double[][] {start});
        var unused = TabularPolicy.of(REFERENCE)) {
      new Lesson(Lesson.adam(0.05), data.size(), 250, 1, folder)
          .teach(new WeightedPairs(new BradleyTerry(false, 0)), model, unused, data);
      var found = model.probabilities(0);
      same(found, normalised(Arrays.stream(REWARD).map(Math::exp).toArray()));
    }
  }
}
