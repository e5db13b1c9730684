package io.alidade.study;

import static io.alidade.objective.RegularizedPo.Form.MEAN;
import static io.alidade.objective.RegularizedPo.Form.SUM_BETA;

import io.alidade.constraint.ReverseKl;
import io.alidade.model.Policy;
import io.alidade.objective.Objective;
import io.alidade.report.Chart;
import io.alidade.world.TinyModels;
import io.alidade.world.TinyPair;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Does a likelihood term keep DPO from over-optimising what few pairs say?
public record RegularizedPo() implements Study {
  private static final double BETA = 0.05;
  private static final int LOOKS = 10; // at the gold reward on the way
  private static final String START = "start";
  private static final String DPO = "DPO";
  private static final String HIGHEST = "highest gold reward on the way";
  private static final String THEN = "margin at that time, nats";
  private static final List<String> RPO =
      List.of("RPO, sum, eta 0.05", "RPO, sum, eta 1", "RPO, mean, eta 0.2");

  @Override
  public List<String> recipes() {
    return List.of("rpo", "rpo-mean");
  }

  @Override
  public String claim() {
    return "With too few pairs DPO over-optimises: the margin it trains goes on growing while the gold"
        + " reward falls; a likelihood term on the chosen answers mitigates this.";
  }

  @Override
  public String criterion() {
    return "On TinyPref, 150 pairs, beta 0.05, 400 steps of 32 (about 85 epochs): DPO's gold reward"
        + " falls back near the start (at least 0.5 below its highest, at most 0.5 above the start)"
        + " while its margin on the training pairs keeps growing; RPO (sum, eta 0.05 and 1; mean, eta"
        + " 0.2) ends at least 0.5 higher, with lower KL and a higher likelihood of the chosen answers"
        + " than DPO.";
  }

  private static SequencedMap<String, Objective> arms() {
    var kl = new ReverseKl();
    var arms = new LinkedHashMap<String, Objective>();
    arms.put(DPO, TinyTrial.dpo(BETA));
    arms.put(RPO.get(0), new io.alidade.objective.RegularizedPo(BETA, 0.05, SUM_BETA, kl));
    arms.put(RPO.get(1), new io.alidade.objective.RegularizedPo(BETA, 1, SUM_BETA, kl));
    arms.put(RPO.get(2), new io.alidade.objective.RegularizedPo(BETA, 0.2, MEAN, kl));
    return arms;
  }

  @Override
  public String remarks() {
    return """
    - "Near the start" and "falls back" are given numbers here: at most 0.5 above the start's gold reward, and
      at least 0.5 below the highest of ten looks on the way.
    - Likelihoods, margins and accuracies are those of the 150 training pairs.
    """;
  }

  @Override
  public Trial run(Bench bench) {
    try (var tiny = TinyTrial.of(bench, 4)) {
      var pairs = tiny.pairs("pairs", 150, 50);
      tiny.noteStart(START, pairs);
      arms().forEach((arm, objective) -> arm(tiny, arm, objective, pairs));
      return tiny.trial();
    }
  }

  private static void arm(TinyTrial tiny, String arm, Objective objective, List<TinyPair> pairs) {
    var course = tiny.course(400, 3e-4);
    int every = Math.max(1, course.steps() / LOOKS);
    double[] best = {Double.NEGATIVE_INFINITY, 0}; // gold reward, margin at that time
    try (var policy = tiny.copy()) {
      tiny.learn(
          policy,
          objective,
          tiny.start(),
          TinyPair.groups(pairs),
          course,
          1,
          share -> {
            long step = Math.round(share * course.steps());
            if (step % every == 0) {
              look(tiny, arm, policy, pairs, step, best);
            }
          });
      tiny.noteAnswers(arm, policy);
      tiny.noteRanking(arm, policy, pairs);
      tiny.trial().note(arm, HIGHEST, best[0]).note(arm, THEN, best[1]);
    }
  }

  /// Notes a point of the curve, and whether it is the highest so far.
  private static void look(
      TinyTrial tiny, String arm, Policy policy, List<TinyPair> pairs, long step, double[] best) {
    double reward = tiny.answers(policy).reward();
    tiny.trial().point(arm, (double) step, reward);
    if (reward > best[0]) {
      best[0] = reward;
      best[1] = TinyModels.rank(policy, tiny.start(), pairs).margin();
    }
  }

  @Override
  public Verdict judge(Results results) {
    double dpo = results.mean(DPO, TinyTrial.REWARD);
    var parts = new ArrayList<Verdict.Part>();
    parts.add(
        Verdict.Part.atLeast(
            "DPO's gold reward ends at least 0.5 below its highest",
            results.mean(DPO, HIGHEST) - dpo,
            0.5));
    parts.add(
        Verdict.Part.atMost(
            "DPO's gold reward ends at most 0.5 above the start's",
            dpo - results.mean(START, TinyTrial.REWARD),
            0.5));
    parts.add(
        Verdict.Part.atLeast(
            "DPO's margin is larger at the end than at the highest gold reward",
            results.mean(DPO, TinyTrial.MARGIN) - results.mean(DPO, THEN),
            0));
    for (var arm : RPO) {
      parts.add(
          Verdict.Part.atLeast(
              arm + ": gold reward at least 0.5 above DPO's",
              results.gain(arm, DPO, TinyTrial.REWARD),
              0.5));
      parts.add(
          Verdict.Part.atMost(
              arm + ": KL lower than DPO's", results.gain(arm, DPO, TinyTrial.KL), 0));
      parts.add(
          Verdict.Part.atLeast(
              arm + ": chosen answers likelier than under DPO",
              results.gain(arm, DPO, TinyTrial.CHOSEN),
              0));
    }
    return new Verdict(parts);
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Verdict.Part.atLeast(
            "with eta 1, chosen answers are likelier than under DPO",
            reduced.gain(RPO.get(1), DPO, TinyTrial.CHOSEN),
            0));
  }

  @Override
  public List<Chart> figures(Results results) {
    var charts = new ArrayList<Chart>();
    charts.add(
        Chart.Lines.of("Gold reward on the way", "step", TinyTrial.REWARD, results.curves()));
    charts.addAll(results.bars());
    return charts;
  }
}
