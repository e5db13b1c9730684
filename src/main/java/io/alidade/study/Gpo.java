package io.alidade.study;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.report.Chart;
import io.alidade.study.Verdict.Part;
import io.alidade.world.Lesson;
import io.alidade.world.TabularPolicy;
import io.alidade.world.WeightedPairs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Does the regression on preference scores improve a policy round by round, and leave a circle of
/// equals alone (GPO, Zhang et al. 2024, arXiv:2410.02197)? With exact expectations over six
/// answers.
public record Gpo() implements Study {
  private static final Signal SCORE = Signal.perCandidate("score");
  private static final int ANSWERS = 6;
  private static final int ROUNDS = 6;
  private static final double BETA = 1;

  private static final String START = "start";
  private static final String TRANSITIVE = "transitive scores";
  private static final String CIRCLE = "3-cycle over three dominated answers";

  private static final String SCORED = "expected score against the first policy";
  private static final String RISES = "share of rounds in which it rises";
  private static final String DOMINATED = "mass on the dominated answers";
  private static final String FALLS = "share of rounds in which that mass falls";
  private static final String APART = "largest difference among the cycle's members";

  @Override
  public List<String> recipes() {
    return List.of("gpo", "iterative-gpo");
  }

  @Override
  public String claim() {
    return "GPO raises the expected score against the first policy every round where scores are"
        + " transitive, and drives out dominated answers without choosing among answers that beat"
        + " each other in a circle.";
  }

  @Override
  public String criterion() {
    return "A categorical policy over 6 answers, exact expectations, 6 rounds: with transitive scores"
        + " and a random first policy the expected score against it rises in every round; with a"
        + " symmetric 3-cycle over three answers that it beats alike, from the uniform policy, the"
        + " mass on the beaten ones falls in every round and the members of the cycle stay equal to"
        + " 1e-6.";
  }

  @Override
  public String remarks() {
    return """
    - Each round regresses the log-ratio to the last round's policy on the mean score against it, beta 1, every answer weighted by its chance
      under that policy, which is the expectation that samples estimate. 400 full-batch Adam steps at 0.02.
    - Transitive scores are differences of six normal strengths. In the cycle a member beats the next with a score of 1, and each member beats
      each of the three others with 1; the others tie.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var random = bench.random("strengths");
    var strengths = random.doubles(ANSWERS).map(_ -> random.nextGaussian()).toArray();
    var first = random.doubles(ANSWERS, 0.2, 1).toArray();
    double sum = Arrays.stream(first).sum();
    Arrays.setAll(first, i -> first[i] / sum);
    var ordered = table((i, j) -> strengths[i] - strengths[j]);
    var policies = rounds(bench, first, ordered);
    int rises = 0;
    for (int t = 0; t < policies.size(); t++) {
      double scored = score(policies.get(t), first, ordered);
      trial.point(TRANSITIVE, (double) t, scored);
      rises += t > 0 && scored > score(policies.get(t - 1), first, ordered) ? 1 : 0;
    }
    trial.note(START, SCORED, score(first, first, ordered));
    trial.note(TRANSITIVE, SCORED, score(policies.getLast(), first, ordered));
    trial.note(TRANSITIVE, RISES, (double) rises / (policies.size() - 1));
    bench.at(CIRCLE, 0.5);
    circle(bench, trial);
    return trial;
  }

  private static void circle(Bench bench, Trial trial) {
    var scores = table(Gpo::inCircle);
    var even = new double[ANSWERS];
    Arrays.fill(even, 1.0 / ANSWERS);
    var policies = rounds(bench, even, scores);
    int falls = 0;
    double apart = 0;
    for (int t = 0; t < policies.size(); t++) {
      var policy = policies.get(t);
      trial.point(CIRCLE, (double) t, dominated(policy));
      falls += t > 0 && dominated(policy) < dominated(policies.get(t - 1)) ? 1 : 0;
      var members = Arrays.stream(policy, 0, 3).summaryStatistics();
      apart = Math.max(apart, members.getMax() - members.getMin());
    }
    trial.note(START, DOMINATED, dominated(even));
    trial.note(CIRCLE, DOMINATED, dominated(policies.getLast()));
    trial.note(CIRCLE, FALLS, (double) falls / (policies.size() - 1));
    trial.note(CIRCLE, APART, apart);
  }

  /// Answers 0, 1, 2 beat each other in turn, and each beats 3, 4 and 5.
  private static double inCircle(int i, int j) {
    if (i < 3 && j < 3) {
      return i == j ? 0 : (j - i + 3) % 3 == 1 ? 1 : -1;
    }
    return i < 3 ? 1 : j < 3 ? -1 : 0;
  }

  private interface Scores {
    double of(int i, int j);
  }

  private static double[][] table(Scores scores) {
    var table = new double[ANSWERS][ANSWERS];
    for (int i = 0; i < ANSWERS; i++) {
      for (int j = 0; j < ANSWERS; j++) {
        table[i][j] = scores.of(i, j);
      }
    }
    return table;
  }

  /// The policies before and after each round.
  private static List<double[]> rounds(Bench bench, double[] first, double[][] scores) {
    var policies = new ArrayList<double[]>();
    policies.add(first);
    for (int round = 0; round < bench.size(ROUNDS, 2); round++) {
      var last = policies.getLast();
      try (var policy = TabularPolicy.of(last);
          var reference = TabularPolicy.of(last)) {
        new Lesson(
                Lesson.adam(0.02),
                ANSWERS,
                bench.size(400, 60),
                round,
                bench.scratch().resolve("rounds"))
            .teach(
                new WeightedPairs(new io.alidade.objective.Gpo(BETA)),
                policy,
                reference,
                groups(last, scores));
        policies.add(policy.probabilities(0));
      }
    }
    return policies;
  }

  /// A group an answer, which holds it twice since the objective compares answers; weighted by its
  /// chance, times their number since the loss is a mean.
  private static List<Group> groups(double[] policy, double[][] scores) {
    return IntStream.range(0, ANSWERS)
        .mapToObj(i -> {
          double mean =
              IntStream.range(0, ANSWERS).mapToDouble(j -> policy[j] * scores[i][j]).sum();
          return new Group(
              new Example.Row("answers", i + 1L),
              new int[] {0},
              List.of(Completion.of(i), Completion.of(i)),
              Map.of(
                  SCORE,
                  new double[] {mean, mean},
                  WeightedPairs.WEIGHT,
                  new double[] {ANSWERS * policy[i]}));
        })
        .toList();
  }

  private static double score(double[] policy, double[] against, double[][] scores) {
    double sum = 0;
    for (int i = 0; i < ANSWERS; i++) {
      for (int j = 0; j < ANSWERS; j++) {
        sum += policy[i] * against[j] * scores[i][j];
      }
    }
    return sum;
  }

  private static double dominated(double[] policy) {
    return policy[3] + policy[4] + policy[5];
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atLeast(
            "share of rounds in which the expected score rises, transitive scores",
            results.mean(TRANSITIVE, RISES),
            1),
        Part.atLeast(
            "share of rounds in which the mass on dominated answers falls",
            results.mean(CIRCLE, FALLS),
            1),
        Part.atMost(
            "largest difference among the cycle's members, over all seeds",
            Arrays.stream(results.values(CIRCLE, APART)).max().orElse(Double.NaN),
            1e-6));
  }

  @Override
  public Verdict direction(Results reduced) {
    return judge(reduced);
  }

  @Override
  public List<Chart> figures(Results results) {
    return List.of(
        Chart.Lines.of(
            "Transitive scores",
            "round",
            "expected score against the first policy",
            Curves.of(results, TRANSITIVE)),
        Chart.Lines.of(
            "A 3-cycle over three dominated answers",
            "round",
            "mass on the dominated answers",
            Curves.of(results, CIRCLE)));
  }
}
