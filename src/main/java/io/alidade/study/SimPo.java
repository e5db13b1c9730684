package io.alidade.study;

import io.alidade.batch.Readout;
import io.alidade.model.Policy;
import io.alidade.world.TinyModels;
import io.alidade.world.TinyPair;
import io.alidade.world.TinyPref;
import java.util.List;
import java.util.random.RandomGenerator;

/// Does a reward that is what generation goes by avoid pairs that are ranked rightly by the one and
/// wrongly by the other?
public record SimPo() implements Study {
  private static final String START = "start";
  private static final String DPO = "DPO";
  private static final String SIMPO = "SimPO";
  private static final String CONTRADICTIONS = "contradiction rate";
  private static final String LIKELIER = "accuracy by likelihood per token";
  private static final String OWN = "the same on its own pairs";

  @Override
  public List<String> recipes() {
    return List.of("simpo");
  }

  @Override
  public String claim() {
    return "DPO's reward can rank a pair rightly while generation, which goes by the likelihood itself,"
        + " prefers the worse answer; with the mean log-likelihood as the reward this hardly happens.";
  }

  @Override
  public String criterion() {
    return "On TinyPref with a trap (half of the demonstrations repeat one worthless token): SFT 600"
        + " steps of 64, 2000 pairs, 500 steps of 32 at 2e-4, DPO beta 0.1, SimPO beta 2 gamma 1."
        + " On 400 held-out pairs SimPO's contradiction rate is at most a third of DPO's, its accuracy"
        + " by likelihood per token at least 0.15 higher, and its gold reward not lower.";
  }

  private static int[][] demonstration(RandomGenerator random) {
    var prompt = TinyPref.prompt(random);
    return new int[][] {
      prompt,
      random.nextBoolean() ? TinyPref.boring(prompt, random) : TinyPref.answer(prompt, 0.4, random)
    };
  }

  @Override
  public String remarks() {
    return """
    - Pairs are labelled by Bradley and Terry's model of the gold reward, as everywhere in this world, ties
      included: our reading of "labelled", taken after the other one had left DPO too accurate. In an earlier form they were ranked by the gold reward: DPO then left little to contradict (0.066,
      accuracy 0.90).
    - A contradiction is a pair whose chosen answer gained more likelihood over the start than the rejected
      one, and still is less likely per token. SimPO is held to the same start, which it never sees.
    """;
  }

  @Override
  public Trial run(Bench bench) {
    try (var tiny = new TinyTrial(bench, 4, "trap", 600, 64, SimPo::demonstration)) {
      var pairs = tiny.pairs("pairs", 2000, 300);
      var held = tiny.pairs("held-out pairs", 400, 100);
      tiny.noteStart(START, held);
      noteContradictions(tiny, START, tiny.start(), held);
      arm(tiny, DPO, TinyTrial.dpo(0.1), pairs, held);
      arm(tiny, SIMPO, new io.alidade.objective.SimPo(2, 1, 0), pairs, held);
      return tiny.trial();
    }
  }

  private static void arm(
      TinyTrial tiny,
      String arm,
      io.alidade.objective.Objective objective,
      List<TinyPair> pairs,
      List<TinyPair> held) {
    try (var policy = tiny.copy()) {
      tiny.learn(
          policy,
          objective,
          tiny.start(),
          TinyPair.groups(pairs),
          tiny.course(500, 2e-4),
          2,
          _ -> {});
      tiny.noteAnswers(arm, policy);
      tiny.noteRanking(arm, policy, held);
      noteContradictions(tiny, arm, policy, held);
      tiny.trial().note(arm, OWN, likelier(policy, pairs));
    }
  }

  /// Share of pairs whose chosen answer is the likelier one per token.
  private static double likelier(Policy policy, List<TinyPair> pairs) {
    var own = TinyModels.totals(policy, TinyPair.groups(pairs), Readout.LOG_LIKELIHOOD);
    int likelier = 0;
    for (int p = 0; p < pairs.size(); p++) {
      likelier += perToken(own, pairs.get(p), p) > 0 ? 1 : 0;
    }
    return (double) likelier / pairs.size();
  }

  /// Mean log-likelihood of the chosen answer minus that of the rejected one, nats a token.
  private static double perToken(double[] totals, TinyPair pair, int at) {
    return totals[2 * at] / pair.chosen().length - totals[2 * at + 1] / pair.rejected().length;
  }

  private static void noteContradictions(
      TinyTrial tiny, String arm, Policy policy, List<TinyPair> pairs) {
    var groups = TinyPair.groups(pairs);
    var own = TinyModels.totals(policy, groups, Readout.LOG_LIKELIHOOD);
    var other = TinyModels.totals(tiny.start(), groups, Readout.LOG_LIKELIHOOD);
    int contradictions = 0;
    for (int p = 0; p < pairs.size(); p++) {
      double margin = own[2 * p] - other[2 * p] - own[2 * p + 1] + other[2 * p + 1];
      contradictions += margin > 0 && perToken(own, pairs.get(p), p) < 0 ? 1 : 0;
    }
    tiny.trial().note(arm, CONTRADICTIONS, (double) contradictions / pairs.size());
    tiny.trial().note(arm, LIKELIER, likelier(policy, pairs));
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Verdict.Part.atMost(
            "SimPO's contradiction rate is at most a third of DPO's",
            results.mean(SIMPO, CONTRADICTIONS),
            results.mean(DPO, CONTRADICTIONS) / 3),
        Verdict.Part.atLeast(
            "SimPO's accuracy by likelihood per token is at least 0.15 higher",
            results.gain(SIMPO, DPO, LIKELIER),
            0.15),
        Verdict.Part.atLeast(
            "SimPO's gold reward is not lower", results.gain(SIMPO, DPO, TinyTrial.REWARD), 0));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Verdict.Part.atLeast(
            "on its own pairs, SimPO's accuracy by likelihood per token is above 0.6",
            reduced.mean(SIMPO, OWN),
            0.6));
  }
}
