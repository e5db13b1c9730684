package io.alidade.study;

import io.alidade.model.Policy;
import io.alidade.report.Chart;
import io.alidade.study.DirectedLanguageTrial.Form;
import io.alidade.study.DirectedLanguageTrial.Worth;
import io.alidade.study.Verdict.Part;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;

/// Can a small language model be steered between two objectives by the numbers in its prompt, with a
/// reward model that was fitted to ratings (DPA, Wang et al. 2024, arXiv:2402.18571)?
public record DpaLanguage() implements Study {
  private static final double[] ANGLES = {-45, -30, -15, 0, 15, 30, 45};
  private static final int ROUNDS = 4;
  private static final double RANGE = 45;

  private static final String START = "start";
  private static final String WARM = "warm start";
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
    return "Strings of up to 16 words, topic and direction as tokens of the prompt, ridge regression on ratings as reward model, 4 rounds of 512 prompts, best of 8: after them mean verbosity at -30 degrees is at most 60 % of that at 30 degrees, and helpfulness less what length adds to it is at -30 degrees not lower than the start's.";
  }

  @Override
  public String remarks() {
    return "";
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
    int rounds = bench.size(ROUNDS, 1);
    try (var directed = new DirectedLanguageTrial(bench, RANGE)) {
      note(trial, START, directed, directed.start(), 0);
      trial.note(START, FIT, directed.fit(0)).note(START, FIT_VERBOSITY, directed.fit(1));
      bench.at(DPA, 0.2);
      try (var policy = directed.copy()) {
        directed.warm(policy, DPA);
        note(trial, WARM, directed, policy, 0);
        var after =
            arm(bench, trial, directed, policy, Form.BEST, DPA, angle -> angle, rounds, 0.2);
        note(trial, DPA, directed, after, rounds);
      }
      try (var policy = directed.copy()) {
        directed.warm(policy, DPA);
        arm(bench, trial, directed, policy, Form.PAIR, PAIRS, angle -> angle, rounds, 0.5);
        note(trial, PAIRS, directed, policy, rounds);
      }
      try (var policy = directed.copy()) {
        directed.warm(policy, DPA);
        arm(bench, trial, directed, policy, Form.BEST, SCALAR, _ -> 0, rounds, 0.75);
        note(trial, SCALAR, directed, policy, rounds);
      }
    }
    return trial;
  }

  private static Policy arm(
      Bench bench,
      Trial trial,
      DirectedLanguageTrial directed,
      Policy policy,
      Form form,
      String arm,
      DoubleUnaryOperator judged,
      int rounds,
      double share) {
    directed.rounds(
        policy,
        rounds,
        form,
        arm,
        judged,
        (now, round) -> {
          if (arm.equals(DPA) && (round == 1 || round == rounds)) {
            for (double angle : ANGLES) {
              var worth = directed.worth(now, angle);
              trial.point("front, round %d".formatted(round), worth.helpful(), worth.verbose());
            }
          }
          bench.at(arm, share + 0.25 * round / rounds);
        });
    return policy;
  }

  private static void note(
      Trial trial, String arm, DirectedLanguageTrial directed, Policy policy, int round) {
    SequencedMap<Double, Worth> worths = new TreeMap<>();
    for (double angle : ANGLES) {
      var worth = directed.worth(policy, angle);
      worths.put(angle, worth);
      trial.note(arm, worth(angle), worth.worth());
    }
    var low = java.util.Objects.requireNonNull(worths.get(-30.0));
    var high = java.util.Objects.requireNonNull(worths.get(30.0));
    trial
        .note(arm, verbosity(-30), low.verbose())
        .note(arm, verbosity(30), high.verbose())
        .note(arm, RATIO, low.verbose() / high.verbose())
        .note(arm, QUALITY, low.quality());
    if (round == 0) {
      worths
          .values()
          .forEach(worth -> trial.point("front, " + arm, worth.helpful(), worth.verbose()));
    }
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
        Part.atMost("R² of verbosity is a share", reduced.mean(START, FIT_VERBOSITY), 1));
  }

  @Override
  public List<Chart> figures(Results results) {
    return results.bars();
  }
}
