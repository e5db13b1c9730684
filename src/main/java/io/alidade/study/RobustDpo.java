package io.alidade.study;

import io.alidade.constraint.ReverseKl;
import io.alidade.objective.Cdpo;
import io.alidade.world.TinyPair;
import java.util.List;

/// Does the unbiased correction for flipped labels beat no correction, and smoothing?
public record RobustDpo() implements Study {
  private static final double RATE = 0.4;
  private static final double BETA = 0.1;
  private static final String START = "start";
  private static final String CLEAN = "DPO, no flips";
  private static final String DPO = "DPO";
  private static final String CDPO = "cDPO";
  private static final String RDPO = "rDPO";

  @Override
  public List<String> recipes() {
    return List.of("rdpo", "cdpo");
  }

  @Override
  public String claim() {
    return "Where labels are flipped at a known rate, a loss that is unbiased under the flips learns"
        + " more of the gold reward than plain DPO, and label smoothing learns less.";
  }

  @Override
  public String criterion() {
    return "On TinyPref, 3000 pairs of which 40 % of the labels are flipped, rate 0.4 given to both"
        + " corrections, beta 0.1, 300 steps of 32 pairs: mean gold reward rDPO > DPO > cDPO, rDPO"
        + " ahead of DPO by at least 0.2 in the mean of 3 seeds.";
  }

  @Override
  public String remarks() {
    return """
    - Labels come from Bradley and Terry's model first and are flipped afterwards, so that even the clean
      arm learns from noisy labels. "DPO, no flips" is what could be had.
    - At a rate of 0.4 the corrected loss has a slope of 2 that never fades: rDPO pays for its lead with the
      largest KL. Read gold reward and KL together.
    """;
  }

  @Override
  public Trial run(Bench bench) {
    try (var tiny = TinyTrial.of(bench, 4)) {
      var clean = tiny.pairs("pairs", 3000, 200);
      var held = tiny.pairs("held-out pairs", 512, 64);
      var flipped = TinyPair.groups(TinyPair.flipped(clean, RATE, bench.random("flips")));
      var kl = new ReverseKl();
      tiny.noteStart(START, held);
      tiny.arm(CLEAN, TinyTrial.dpo(BETA), TinyPair.groups(clean), held);
      tiny.arm(DPO, TinyTrial.dpo(BETA), flipped, held);
      tiny.arm(CDPO, new Cdpo(BETA, RATE, kl), flipped, held);
      tiny.arm(RDPO, new io.alidade.objective.RobustDpo(BETA, RATE, kl), flipped, held);
      return tiny.trial();
    }
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Verdict.Part.atLeast(
            "rDPO is ahead of DPO by at least 0.2", results.gain(RDPO, DPO, TinyTrial.REWARD), 0.2),
        Verdict.Part.atLeast("DPO is ahead of cDPO", results.gain(DPO, CDPO, TinyTrial.REWARD), 0));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Verdict.Part.atLeast(
            "rDPO moves farther from the start than cDPO", // in thirty steps that alone is sure
            reduced.gain(RDPO, CDPO, TinyTrial.KL),
            0));
  }
}
