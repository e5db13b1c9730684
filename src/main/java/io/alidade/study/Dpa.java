package io.alidade.study;

import io.alidade.report.Chart;
import io.alidade.report.Series;
import io.alidade.study.Verdict.Part;
import io.alidade.world.DirectedAnswers;
import io.alidade.world.FeaturePolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Does rejection sampling along directions give one policy that can be steered between two
/// objectives (DPA, Wang et al. 2024, arXiv:2402.18571)?
public record Dpa() implements Study {
  private static final double[] ANGLES = {-45, -30, -15, 0, 15, 30, 45};
  private static final int ROUNDS = 4;
  private static final DirectedAnswers WORLD = new DirectedAnswers(false);

  private static final String START = "start";
  private static final String DPA = "DPA";
  private static final String SCALAR = "scalar reward";

  private static final String RISE = "smallest rise of the worth in a round, over all angles";
  private static final String FALL = "largest fall of verbosity to the next angle, after a round";
  private static final String SPREAD = "verbosity, largest less smallest over angles";

  @Override
  public List<String> recipes() {
    return List.of("dpa", "dpa-warm-start", "dpa-reward");
  }

  @Override
  public String claim() {
    return "Fine-tuning on the best of several answers along a direction that stands in the prompt"
        + " raises the worth along every direction round by round, and the direction then steers the"
        + " policy; one scalar reward cannot be steered.";
  }

  @Override
  public String criterion() {
    return "50 answers of two objectives, angles uniform in ±45 degrees, 512 prompts a round, best of"
        + " 16, 4 rounds of 200 steps: the expected worth along the direction rises in every round at"
        + " every one of seven angles (tolerance 0.01), expected verbosity never falls from an angle"
        + " to the next after the first round (tolerance 0.01), and the same rounds judged at 0"
        + " degrees alone reach DPA's worth at 0 degrees within 0.02, with a verbosity that is the"
        + " same at every angle within 0.05.";
  }

  @Override
  public String remarks() {
    return """
    - Stage 1 of the experiment as published on the page of the system: the answers are a table, the policy a perceptron (two hidden layers of
      64) over cosine and sine of the angle, and all expectations are exact. The stage with a language model and a learned reward model was
      not run; the parts that it needs (`Directed`, `Directional`, `MultiObjectiveReward`) are tested on small models.
    - The prompts of the scalar arm carry directions like the others; only the judging ignores them.
    - Worth after four rounds at -45, -30, …, 45 degrees in a prototype of the page's author: 0.495, 0.606, 0.700, 1.000, 1.225, 1.366, 1.414.\
    """;
  }

  private static String worth(double angle) {
    return String.format(Locale.ROOT, "worth at %.0f°", angle);
  }

  private static String verbosity(double angle) {
    return String.format(Locale.ROOT, "verbosity at %.0f°", angle);
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var directed = new DirectedTrial(bench, WORLD, 45);
    int rounds = bench.size(ROUNDS, 2);
    try (var policy = directed.start();
        var scalar = policy.copy()) {
      note(trial, START, policy);
      var before = new ArrayList<double[]>();
      before.add(worths(policy));
      curve(trial, 0, policy);
      double[] falls = {0};
      double[] rise = {Double.POSITIVE_INFINITY};
      directed.rounds(
          policy,
          rounds,
          DPA,
          angle -> angle,
          (now, round) -> {
            var worths = worths(now);
            for (int a = 0; a < ANGLES.length; a++) {
              rise[0] = Math.min(rise[0], worths[a] - before.getLast()[a]);
              if (a > 0) {
                falls[0] =
                    Math.max(falls[0], verbose(now, ANGLES[a - 1]) - verbose(now, ANGLES[a]));
              }
            }
            before.add(worths);
            curve(trial, round, now);
            bench.at(DPA, 0.5 * round / rounds);
          });
      note(trial, DPA, policy);
      trial.note(DPA, RISE, rise[0]).note(DPA, FALL, falls[0]);
      directed.rounds(
          scalar,
          rounds,
          SCALAR,
          _ -> 0,
          (_, round) -> bench.at(SCALAR, 0.5 + 0.5 * round / rounds));
      note(trial, SCALAR, scalar);
    }
    return trial;
  }

  private static void curve(Trial trial, int round, FeaturePolicy policy) {
    for (double angle : ANGLES) {
      trial.point(
          "front, round %d".formatted(round),
          WORLD.expected(policy, angle, r -> r[0]),
          verbose(policy, angle));
    }
  }

  private static void note(Trial trial, String arm, FeaturePolicy policy) {
    var verbose = Arrays.stream(ANGLES).map(angle -> verbose(policy, angle)).summaryStatistics();
    for (double angle : ANGLES) {
      trial.note(arm, worth(angle), WORLD.worth(policy, angle));
    }
    trial.note(arm, verbosity(-45), verbose(policy, -45));
    trial.note(arm, verbosity(45), verbose(policy, 45));
    trial.note(arm, SPREAD, verbose.getMax() - verbose.getMin());
  }

  private static double verbose(FeaturePolicy policy, double angle) {
    return WORLD.expected(policy, angle, r -> r[1]);
  }

  private static double[] worths(FeaturePolicy policy) {
    return Arrays.stream(ANGLES).map(angle -> WORLD.worth(policy, angle)).toArray();
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atLeast(
            "smallest rise of the worth in a round, over angles and seeds",
            Arrays.stream(results.values(DPA, RISE)).min().orElse(Double.NaN),
            -0.01),
        Part.atMost(
            "largest fall of verbosity from an angle to the next, over seeds",
            Arrays.stream(results.values(DPA, FALL)).max().orElse(Double.NaN),
            0.01),
        Part.atLeast(
            "worth at 0 degrees, scalar reward less DPA",
            results.gain(SCALAR, DPA, worth(0)),
            -0.02),
        Part.atMost(
            "spread of the scalar reward's verbosity over angles",
            results.mean(SCALAR, SPREAD),
            0.05));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atLeast(
            "spread of DPA's verbosity over angles, above the scalar reward's",
            reduced.gain(DPA, SCALAR, SPREAD),
            0.05));
  }

  @Override
  public List<Chart> figures(Results results) {
    var fronts = new ArrayList<Chart>();
    fronts.add(
        Chart.Lines.of(
            "The front at seven angles",
            "expected helpfulness",
            "expected verbosity",
            fronts(results)));
    fronts.addAll(results.bars());
    return fronts;
  }

  private static List<Series> fronts(Results results) {
    return Curves.of(results, "front, ");
  }
}
