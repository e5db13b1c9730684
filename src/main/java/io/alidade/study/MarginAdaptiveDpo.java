package io.alidade.study;

import io.alidade.batch.Readout;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.objective.BradleyTerry;
import io.alidade.world.TinyModels;
import io.alidade.world.TinyPair;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/// Does a reward model's margin, as a weight of each pair, make better use of labels some of which
/// are wrong?
public record MarginAdaptiveDpo() implements Study {
  private static final Signal MARGIN = Signal.perGroup("rm_margin");
  private static final double RATE = 0.2;
  private static final double TAU = 7;
  private static final String START = "start";
  private static final String FLIPS = "flips: ";
  private static final String CLEAN = "clean: ";
  private static final String DPO = "DPO, beta 0.1";
  private static final String HALF = "DPO, beta 0.05";
  private static final String FOUR = "MADPO 4, 1/4, ";
  private static final String TWO = "MADPO 2, 1/2, ";
  private static final String GOLD = "gold margins";
  private static final String LEARNED = "learned margins";
  private static final String AGREES = "reward model ranks as the gold reward";

  @Override
  public List<String> recipes() {
    return List.of("madpo");
  }

  @Override
  public String claim() {
    return "Weighting each pair by a reward model's margin, so that targets of close pairs are stretched"
        + " and doubtful labels lose weight, beats one temperature for all pairs.";
  }

  @Override
  public String criterion() {
    return "On TinyPref, 3000 pairs, beta 0.1, lambda 1, 300 steps of 32 pairs, margins from the gold"
        + " reward and from a learned reward model: with 20 % of the labels flipped, MADPO (c 4 to 1/4"
        + " and 2 to 1/2, tau 7) ends above DPO at beta 0.1 and at 0.05 by at least 0.3 in gold reward;"
        + " without flips, within 0.3 of DPO at beta 0.1.";
  }

  private static io.alidade.objective.MarginAdaptiveDpo madpo(double most, double least) {
    return new io.alidade.objective.MarginAdaptiveDpo(0.1, most, least, 1, TAU, new ReverseKl());
  }

  @Override
  public String remarks() {
    return """
    - The reward model begins as the start with a new head and learns from 3000 pairs of its own, flipped at the
      same rate, for 300 steps; its margins are used as they are.
    - The amplified loss acts in part like a smaller beta: compare with DPO at beta 0.05, and see the KL.
    """;
  }

  @Override
  public Trial run(Bench bench) {
    try (var tiny = TinyTrial.of(bench, bench.reduced() ? 6 : 11)) {
      var clean = tiny.pairs("pairs", 3000, 200);
      var flipped = TinyPair.flipped(clean, RATE, bench.random("flips"));
      // A reward model that saw the pairs it weighs would only repeat their labels.
      var others =
          TinyPair.flipped(
              tiny.pairs("pairs of the reward model", 3000, 200), RATE, bench.random("more flips"));
      var held = tiny.pairs("held-out pairs", 512, 64);
      tiny.noteStart(START, held);
      var learned = learned(tiny, others, flipped);
      arms(tiny, FLIPS, flipped, held, learned);
      if (!bench.reduced()) {
        var gold = Map.<Signal, ToDoubleFunction<TinyPair>>of(MARGIN, TinyPair::margin);
        tiny.arm(CLEAN + DPO, TinyTrial.dpo(0.1), TinyPair.groups(clean), held);
        tiny.arm(CLEAN + FOUR + GOLD, madpo(4, 0.25), TinyPair.groups(clean, gold), held);
        tiny.arm(CLEAN + TWO + GOLD, madpo(2, 0.5), TinyPair.groups(clean, gold), held);
      }
      return tiny.trial();
    }
  }

  private static void arms(
      TinyTrial tiny,
      String prefix,
      List<TinyPair> pairs,
      List<TinyPair> held,
      ToDoubleFunction<TinyPair> learned) {
    var gold = TinyPair.groups(pairs, Map.of(MARGIN, TinyPair::margin));
    var model = TinyPair.groups(pairs, Map.of(MARGIN, learned));
    tiny.arm(prefix + DPO, TinyTrial.dpo(0.1), TinyPair.groups(pairs), held);
    tiny.arm(prefix + HALF, TinyTrial.dpo(0.05), TinyPair.groups(pairs), held);
    tiny.arm(prefix + FOUR + GOLD, madpo(4, 0.25), gold, held);
    tiny.arm(prefix + TWO + GOLD, madpo(2, 0.5), gold, held);
    tiny.arm(prefix + FOUR + LEARNED, madpo(4, 0.25), model, held);
    tiny.arm(prefix + TWO + LEARNED, madpo(2, 0.5), model, held);
  }

  /// Trains a reward model on some pairs and gives its margins of others.
  private static ToDoubleFunction<TinyPair> learned(
      TinyTrial tiny, List<TinyPair> pairs, List<TinyPair> weighed) {
    try (var model = tiny.rewardModel()) {
      tiny.learn(
          model,
          new BradleyTerry(false, 0),
          tiny.start(),
          TinyPair.groups(pairs),
          tiny.course(300, 3e-4),
          1,
          _ -> {});
      var rewards = TinyModels.totals(model, TinyPair.groups(weighed), Readout.REWARD);
      var margins = new IdentityHashMap<TinyPair, Double>();
      int right = 0;
      for (int p = 0; p < weighed.size(); p++) {
        double margin = rewards[2 * p] - rewards[2 * p + 1];
        margins.put(weighed.get(p), margin);
        right += margin * weighed.get(p).margin() > 0 ? 1 : 0;
      }
      tiny.trial().note(START, AGREES, (double) right / weighed.size());
      return pair -> margins.getOrDefault(pair, Double.NaN);
    }
  }

  @Override
  public Verdict judge(Results results) {
    var parts = new ArrayList<Verdict.Part>();
    for (var kind : List.of(GOLD, LEARNED)) {
      for (var form : List.of(FOUR, TWO)) {
        for (var baseline : List.of(DPO, HALF)) {
          parts.add(
              Verdict.Part.atLeast(
                  "with flips, %s%s is at least 0.3 above %s".formatted(form, kind, baseline),
                  results.gain(FLIPS + form + kind, FLIPS + baseline, TinyTrial.REWARD),
                  0.3));
        }
      }
    }
    if (results.arms().contains(CLEAN + DPO)) { // not in the reduced form
      for (var form : List.of(FOUR, TWO)) {
        parts.add(
            Verdict.Part.atMost(
                "without flips, %s%s is within 0.3 of DPO".formatted(form, GOLD),
                Math.abs(results.gain(CLEAN + form + GOLD, CLEAN + DPO, TinyTrial.REWARD)),
                0.3));
      }
    }
    return new Verdict(parts);
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Verdict.Part.atLeast(
            "with gold margins, MADPO 4, 1/4 favours held-out labels at least as much as DPO, to 0.1",
            reduced.gain(FLIPS + FOUR + GOLD, FLIPS + DPO, TinyTrial.ACCURACY),
            -0.1));
  }
}
