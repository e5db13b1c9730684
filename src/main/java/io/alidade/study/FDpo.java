package io.alidade.study;

import io.alidade.batch.Readout;
import io.alidade.constraint.AlphaDivergence;
import io.alidade.constraint.Divergence;
import io.alidade.constraint.ForwardKl;
import io.alidade.constraint.Jeffreys;
import io.alidade.constraint.JensenShannon;
import io.alidade.constraint.ReverseKl;
import io.alidade.evaluation.CalibrationError;
import io.alidade.model.Policy;
import io.alidade.report.Chart;
import io.alidade.report.Series;
import io.alidade.world.TinyModels;
import io.alidade.world.TinyPair;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Do other divergences than the reverse KL keep more diversity for less divergence?
public record FDpo() implements Study {
  private static final double BETA = 0.1;
  private static final int STEPS = 300;
  private static final int[] BEFORE = {100, 200}; // steps at which an arm is looked at on its way
  private static final String START = "start";
  private static final String REVERSE = "reverse KL";
  private static final String JS = "Jensen-Shannon";
  private static final String ALPHA = "alpha 0.5";
  private static final String FORWARD = "forward KL";
  private static final String JEFFREYS = "Jeffreys";

  @Override
  public List<String> recipes() {
    return List.of("f-dpo-forward-kl", "f-dpo-alpha", "f-dpo-js", "f-dpo-jeffreys");
  }

  @Override
  public String claim() {
    return "The divergence in DPO's reward trades alignment for diversity: forward KL keeps the most"
        + " entropy and moves least, reverse KL the least entropy and moves most.";
  }

  @Override
  public String criterion() {
    return "On TinyPref, 3000 pairs without flips, beta 0.1, 300 steps of 32 pairs: entropy ordered"
        + " forward KL > alpha 0.5 > reverse KL, KL of samples in the reverse order, gold rewards all"
        + " above the start's by more than 1.";
  }

  private static SequencedMap<String, Divergence> divergences() {
    var divergences = new LinkedHashMap<String, Divergence>();
    divergences.put(REVERSE, new ReverseKl());
    divergences.put(JS, new JensenShannon());
    divergences.put(ALPHA, new AlphaDivergence(0.5));
    divergences.put(FORWARD, new ForwardKl());
    divergences.put(JEFFREYS, new Jeffreys());
    return divergences;
  }

  private static String at(String divergence, int step) {
    return "%s, step %d".formatted(divergence, step);
  }

  @Override
  public String remarks() {
    return """
    - To take minutes, the start is fine-tuned on 32 demonstrations a step, not the bench's 128, and the first
      figure has a point for each hundred steps at beta 0.1 (the first two on 128 prompts), where the paper's has
      one for each beta. An earlier run with the bench's start and beta of 0.03, 0.1 and 0.3, without Jeffreys'
      divergence, took 17 minutes and was reproduced too: a smaller beta moved every divergence farther.
    - `ece_generation` takes the likelihood per token as confidence, `ece_preference` the sigmoid of beta times
      the margin over the start; both on 512 held-out pairs.
    - Jeffreys' divergence is not among the paper's experiments and not in the criterion's orders; its arm is
      held to the criterion's last part alone.
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var divergences = divergences();
    try (var tiny =
        new TinyTrial(
            bench,
            divergences.size(),
            "plain",
            700,
            32,
            random -> TinyTrial.demonstration(0.4, random))) {
      var groups = TinyPair.groups(tiny.pairs("pairs", 3000, 200));
      var held = tiny.pairs("held-out pairs", 512, 64);
      tiny.noteStart(START, held);
      divergences.forEach((arm, divergence) -> {
        var objective = new io.alidade.objective.Dpo(BETA, divergence);
        try (var policy = tiny.copy()) {
          tiny.learn(
              policy,
              objective,
              tiny.start(),
              groups,
              tiny.course(STEPS, 3e-4),
              1,
              share -> noteOnItsWay(tiny, arm, policy, share));
          tiny.noteAnswers(arm, policy);
          tiny.noteRanking(arm, policy, held);
          noteCalibration(tiny, arm, policy, held);
        }
      });
      return tiny.trial();
    }
  }

  private static void noteOnItsWay(TinyTrial tiny, String arm, Policy policy, double share) {
    if (tiny.bench().reduced()) {
      return;
    }
    for (int step : BEFORE) {
      if (Math.round(share * STEPS) == step) {
        var prompts = TinyModels.prompts(128, tiny.bench().random("prompts on the way"));
        var answers =
            TinyModels.measure(
                policy, tiny.start(), prompts, tiny.bench().seed("answers on the way"));
        tiny.trial().note(at(arm, step), TinyTrial.REWARD, answers.reward());
        tiny.trial().note(at(arm, step), TinyTrial.KL, answers.divergence());
      }
    }
  }

  private static void noteCalibration(
      TinyTrial tiny, String arm, Policy policy, List<TinyPair> pairs) {
    var groups = TinyPair.groups(pairs);
    var own = TinyModels.totals(policy, groups, Readout.LOG_LIKELIHOOD);
    var other = TinyModels.totals(tiny.start(), groups, Readout.LOG_LIKELIHOOD);
    var chosen = new double[pairs.size()];
    var rejected = new double[pairs.size()];
    var margin = new double[pairs.size()];
    for (int p = 0; p < pairs.size(); p++) {
      chosen[p] = own[2 * p] / pairs.get(p).chosen().length;
      rejected[p] = own[2 * p + 1] / pairs.get(p).rejected().length;
      margin[p] = BETA * (own[2 * p] - other[2 * p] - own[2 * p + 1] + other[2 * p + 1]);
    }
    tiny.trial().note(arm, "ece_generation", CalibrationError.generation(chosen, rejected));
    tiny.trial().note(arm, "ece_preference", CalibrationError.preference(margin));
  }

  private static double between(Results results, String left, String right, String measure) {
    return results.gain(left, right, measure);
  }

  @Override
  public Verdict judge(Results results) {
    var parts = new ArrayList<>(order(results).parts());
    for (var divergence : divergences().keySet()) {
      parts.add(
          Verdict.Part.atLeast(
              divergence + ": gold reward more than 1 above the start's",
              results.gain(divergence, START, TinyTrial.REWARD),
              1));
    }
    return new Verdict(parts);
  }

  private static Verdict order(Results results) {
    return Verdict.of(
        Verdict.Part.atLeast(
            "entropy: forward KL above alpha 0.5",
            between(results, FORWARD, ALPHA, TinyTrial.ENTROPY),
            0),
        Verdict.Part.atLeast(
            "entropy: alpha 0.5 above reverse KL",
            between(results, ALPHA, REVERSE, TinyTrial.ENTROPY),
            0),
        Verdict.Part.atLeast(
            "KL of samples: reverse KL above alpha 0.5",
            between(results, REVERSE, ALPHA, TinyTrial.KL),
            0),
        Verdict.Part.atLeast(
            "KL of samples: alpha 0.5 above forward KL",
            between(results, ALPHA, FORWARD, TinyTrial.KL),
            0));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Verdict.Part.atLeast(
            "KL of samples: reverse KL above forward KL",
            between(reduced, REVERSE, FORWARD, TinyTrial.KL),
            0));
  }

  @Override
  public List<Chart> figures(Results results) {
    var series = new ArrayList<Series>();
    for (var divergence : divergences().keySet()) {
      var points = new ArrayList<Series.Point>();
      for (int step : BEFORE) {
        var arm = at(divergence, step);
        if (results.arms().contains(arm)) {
          points.add(point(results, arm));
        }
      }
      points.add(point(results, divergence));
      series.add(new Series(divergence, points, Series.Style.DOTTED));
    }
    var charts = new ArrayList<Chart>();
    charts.add(
        Chart.Lines.of(
            "Gold reward against divergence, over steps", TinyTrial.KL, TinyTrial.REWARD, series));
    charts.addAll(results.bars());
    return charts;
  }

  private static Series.Point point(Results results, String arm) {
    return new Series.Point(results.mean(arm, TinyTrial.KL), results.mean(arm, TinyTrial.REWARD));
  }
}
