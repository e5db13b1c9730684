package io.alidade.study;

import io.alidade.world.TinyModels;
import io.alidade.world.TinyPair;
import java.util.List;

/// Does DPO raise a gold reward that it only knows through noisy comparisons?
public record Dpo() implements Study {
  private static final String START = "start";
  private static final String DPO = "DPO";
  private static final String TRAINED = "accuracy on its own pairs";

  @Override
  public List<String> recipes() {
    return List.of("dpo");
  }

  @Override
  public String claim() {
    return "One logistic loss on comparisons, without a reward model and without sampling, raises the"
        + " reward that made the comparisons.";
  }

  @Override
  public String criterion() {
    return "On TinyPref, 3000 pairs labelled by Bernoulli(sigmoid(r1 - r2)), beta 0.1, 300 steps of 32"
        + " pairs: the mean gold reward of answers to 512 fresh prompts rises from about 0.1 (within"
        + " 0.4 of it) to above 3, with accuracy above 0.6 on pairs that were held out.";
  }

  @Override
  public String remarks() {
    return """
    - Accuracy is measured on 512 pairs that were held out, with labels as noisy as those of the
      training pairs, and by the gain over the start, of which a tie counts as wrong.
    - KL is a Monte-Carlo estimate over the 512 drawn answers; a token that is not a content token counts
      as one that misses the target.
    - In the reduced form the start has not learned to read the prompt's class, so gold rewards say nothing
      there; what is asserted is the accuracy on its own pairs.
    """;
  }

  @Override
  public Trial run(Bench bench) {
    try (var tiny = TinyTrial.of(bench, 1)) {
      var pairs = tiny.pairs("pairs", 3000, 200);
      var held = tiny.pairs("held-out pairs", 512, 64);
      tiny.noteStart(START, held);
      try (var policy = tiny.learned(TinyTrial.dpo(0.1), TinyPair.groups(pairs), tiny.course())) {
        tiny.noteAnswers(DPO, policy);
        tiny.noteRanking(DPO, policy, held);
        double trained = TinyModels.rank(policy, tiny.start(), pairs).accuracy();
        tiny.trial().note(DPO, TRAINED, trained);
      }
      return tiny.trial();
    }
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Verdict.Part.atMost(
            "the start's gold reward is within 0.4 of 0.1",
            Math.abs(results.mean(START, TinyTrial.REWARD) - 0.1),
            0.4),
        Verdict.Part.atLeast(
            "DPO's gold reward is above 3", results.mean(DPO, TinyTrial.REWARD), 3),
        Verdict.Part.atLeast(
            "accuracy on held-out pairs is above 0.6", results.mean(DPO, TinyTrial.ACCURACY), 0.6));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Verdict.Part.atLeast(
            "DPO ranks its own pairs as their labels do", reduced.mean(DPO, TRAINED), 0.6));
  }
}
