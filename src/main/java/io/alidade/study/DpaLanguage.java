package io.alidade.study;

import io.alidade.model.Policy;
import io.alidade.report.Chart;
import io.alidade.study.DirectedLanguageTrial.Form;
import io.alidade.study.DirectedLanguageTrial.Worth;
import io.alidade.study.Verdict.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;

/// Can a small language model be steered between two objectives by the numbers in its prompt, with
/// a reward model that was fitted to ratings (DPA, Wang et al. 2024, arXiv:2402.18571)?
public record DpaLanguage() implements Study {
  private static final double[] ANGLES = {-45, -30, -15, 0, 15, 30, 45};
  private static final int ROUNDS = 3;
  private static final double RANGE = 45;

  private static final String START = "start";
  private static final String WARM = "warm start";
  private static final String FIRST = "DPA, first round";
  private static final String DPA = "DPA";
  private static final String PAIRS = "DPA's rounds with DPO";
  private static final String SCALAR = "scalar reward";

  private static final String QUALITY = "helpfulness without length at -30°";
  private static final String RATIO = "verbosity at -30° over that at 30°";
  private static final String FIT = "R² of the reward model, helpfulness";
  private static final String FIT_VERBOSITY = "R² of the reward model, verbosity";

  @Override
  public List<String> recipes() {
    return List.of("dpa", "dpa-warm-start", "dpa-reward");
  }

  @Override
  public String claim() {
    return "A language model that is fine-tuned on the best of its own answers along directions, judged by a reward model of two outputs, writes as long as the numbers in its prompt ask, and no less to the point.";
  }

  @Override
  public String criterion() {
    return "Strings of up to 16 words, topic and direction as tokens of the prompt, ridge regression on ratings as reward model, 3 rounds of 192 prompts, best of 8: after them mean verbosity at -30 degrees is at most 60 % of that at 30 degrees, and helpfulness less what length adds to it is at -30 degrees not lower than the start's.";
  }

  @Override
  public String remarks() {
    return """
    - Stage 2 of the experiment on the page of the system, smaller: a transformer of two layers and width 64 (0.1 million weights, the page has 1 to 2 million), prompts with a topic and the direction's numbers in digits, answers of 1 to 16 words.
      Helpfulness is 0.7 for all four words of the topic and 0.3 for sixteen words, verbosity the number of words over 16; ratings carry noise of 0.05.
    - The reward model is a ridge regression on the frozen start's hidden states (`Ridge`, as `./alidade ridge` fits it) with an intercept; it never sees the truth. A tenth of the prompts asks for 0 degrees.
    - All arms begin with the same warm start: of four answers of the start to a topic, the best along each of two directions. "DPA's rounds with DPO" learn from the best against the worst of the eight, beta 0.1 against the start, at a third
      of the rate. "Scalar reward" is judged at 0 degrees whatever the prompt asks. Numbers are true worths of answers to 120 fresh topics at each angle.\
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
    try (var directed = new DirectedLanguageTrial(bench, RANGE)) {
      note(bench, trial, START, directed, directed.start());
      trial.note(START, FIT, directed.fit(0)).note(START, FIT_VERBOSITY, directed.fit(1));
      arm(bench, trial, directed, Form.BEST, DPA, angle -> angle, 0.2);
      if (!bench.reduced()) {
        arm(bench, trial, directed, Form.PAIR, PAIRS, angle -> angle, 0.45);
        arm(bench, trial, directed, Form.BEST, SCALAR, _ -> 0, 0.7);
      }
    }
    return trial;
  }

  private static void arm(
      Bench bench,
      Trial trial,
      DirectedLanguageTrial directed,
      Form form,
      String arm,
      DoubleUnaryOperator judged,
      double share) {
    int rounds = bench.size(ROUNDS, 1);
    try (var policy = directed.copy()) {
      directed.warm(policy);
      if (arm.equals(DPA)) {
        note(bench, trial, WARM, directed, policy);
      }
      directed.rounds(
          policy,
          rounds,
          form,
          arm,
          judged,
          (now, round) -> {
            if (arm.equals(DPA) && round == 1) {
              note(bench, trial, FIRST, directed, now);
            }
            bench.at(arm, share + 0.25 * round / rounds);
          });
      note(bench, trial, arm, directed, policy);
    }
  }

  private static void note(
      Bench bench, Trial trial, String arm, DirectedLanguageTrial directed, Policy policy) {
    var worths = new TreeMap<Double, Worth>();
    for (double angle : bench.reduced() ? new double[] {-30, 30} : ANGLES) {
      var worth = directed.worth(policy, angle);
      worths.put(angle, worth);
      trial.note(arm, worth(angle), worth.worth());
      trial.point("front, " + arm, worth.helpful(), worth.verbose());
    }
    var low = java.util.Objects.requireNonNull(worths.get(-30.0));
    var high = java.util.Objects.requireNonNull(worths.get(30.0));
    trial
        .note(arm, verbosity(-30), low.verbose())
        .note(arm, verbosity(30), high.verbose())
        .note(arm, RATIO, low.verbose() / high.verbose())
        .note(arm, QUALITY, low.quality());
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atMost("verbosity at -30 over that at 30 degrees", results.mean(DPA, RATIO), 0.6),
        Part.atLeast(
            "helpfulness without length at -30 degrees, over the start's",
            results.gain(DPA, START, QUALITY),
            0));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atLeast(
            "worth at 30 degrees, the best of four imitated, over the start's",
            reduced.gain(WARM, START, worth(30)),
            0));
  }

  @Override
  public List<Chart> figures(Results results) {
    var fronts = new ArrayList<Chart>();
    fronts.add(
        Chart.Lines.of(
            "The front at seven angles",
            "mean helpfulness",
            "mean verbosity",
            Curves.of(results, "front, ")));
    fronts.addAll(results.bars());
    return fronts;
  }
}
