package io.alidade.study;

import io.alidade.judge.Reward;
import io.alidade.learning.Drawing;
import io.alidade.learning.Iterative;
import io.alidade.reference.Extrapolated;
import io.alidade.report.Chart;
import io.alidade.world.LetterStrings;
import java.util.List;
import java.util.Optional;

/// Does momentum over rounds reach in fewer rounds what rounds without it reach?
public record Apo() implements Study {
  private static final String ITERATIVE = "iterative DPO";
  private static final String APO = "APO, alpha 0.3";
  private static final String MORE = "APO, alpha 0.5";
  private static final String LAST = "score after 6 rounds";
  private static final String REACHED = "rounds to the level of iterative DPO";
  private static final String FALL = "largest fall in a round";
  private static final int ROUNDS = 6;
  private static final int SEEDS = 5;
  private static final double RATE = 1.5e-4;

  @Override
  public List<String> recipes() {
    return List.of("apo", "iterative-dpo");
  }

  @Override
  public String claim() {
    return "Pushing the policy on along the way of each round makes iterative DPO reach in fewer rounds"
        + " what it reaches without.";
  }

  @Override
  public String criterion() {
    return "Strings of 12 letters, the score is how often AB stands in them: 6 rounds of 256 prompts with 4"
        + " answers, best against worst, an epoch of DPO with beta 0.1 in each, 500 held-out answers after each."
        + " The first round whose mean score reaches what iterative DPO has after 6 rounds is earlier by at least"
        + " one round with alpha 0.3 in at least 4 of 5 seeds, and no round loses more than 5 % of the score"
        + " before it.";
  }

  @Override
  public String remarks() {
    return """
    - What is measured is the fit of each round, which nothing pushed, as the paper returns it.
    - The judge ranks by the score itself, as Bradley and Terry's model does in expectation.
    - The rate of learning was chosen after a reduced run of seed 100, so that six rounds leave room above.
    - A round that is not reached counts as 7.
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var world = new LetterStrings(12);
    var start = new LetterTrial(bench, world);
    double level = arm(bench, trial, start, world, ITERATIVE, 0, Double.NaN, 1);
    if (!bench.reduced()) {
      arm(bench, trial, start, world, APO, 0.3, level, 2);
    }
    arm(bench, trial, start, world, MORE, 0.5, level, 3);
    return trial;
  }

  /// @return the score after the last round
  private static double arm(
      Bench bench,
      Trial trial,
      LetterTrial start,
      LetterStrings world,
      String name,
      double alpha,
      double level,
      int number) {
    int prompts = bench.size(256, 48);
    int rounds = bench.size(ROUNDS, 3);
    int epochs = bench.size(1, 2);
    var drawing =
        new Drawing(Reward.of(LetterStrings::score), 4, world.length(), 1, 0, 1, Optional.empty());
    try (var policy = start.copy();
        var drawn =
            new DrawnRounds(
                policy,
                drawing,
                LetterStrings.prompts(prompts * rounds, bench.random("prompts")),
                LetterStrings.prompts(bench.size(500, 64), bench.random("held-out prompts")),
                bench.seed("draws"),
                (_, answered) -> DrawnRounds.extremes(answered))) {
      start.learn(
          policy,
          TinyTrial.dpo(0.1),
          Optional.of(new Extrapolated(alpha)),
          new Iterative(rounds, prompts, epochs, true, true, drawing),
          drawn,
          bench.reduced() ? 4 * RATE : RATE,
          epochs * Math.ceilDiv(prompts, 32));
      var scores = drawn.scores();
      for (int round = 0; round <= rounds; round++) {
        trial.point(name, round, scores.get(round));
      }
      double last = scores.get(rounds);
      double goal = Double.isNaN(level) ? last : level;
      int reached = 0;
      double fall = 0;
      for (int round = 1; round <= rounds; round++) {
        fall = Math.max(fall, 1 - scores.get(round) / scores.get(round - 1));
      }
      while (reached <= rounds && scores.get(reached) < goal) {
        reached++;
      }
      trial.note(name, LAST, last).note(name, REACHED, reached).note(name, FALL, fall);
      bench.at(name, number / 3.0);
      return last;
    }
  }

  @Override
  public Verdict judge(Results results) {
    var apo = results.values(APO, REACHED);
    var plain = results.values(ITERATIVE, REACHED);
    int earlier = 0;
    double fall = 0;
    for (int i = 0; i < apo.length; i++) {
      earlier += apo[i] <= plain[i] - 1 ? 1 : 0;
      fall = Math.max(fall, results.values(APO, FALL)[i]);
    }
    return Verdict.of(
        Verdict.Part.atLeast(
            "seeds of %d in which alpha 0.3 is earlier by a round".formatted(apo.length),
            earlier,
            Math.ceil(apo.length * 4.0 / SEEDS)),
        Verdict.Part.atMost("the largest fall of a round with alpha 0.3", fall, 0.05));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Verdict.Part.atLeast(
            "momentum of 0.5 goes farther than none", reduced.gain(MORE, ITERATIVE, LAST), 0));
  }

  @Override
  public List<Chart> figures(Results results) {
    return List.of(
        Chart.Lines.of(
            "Mean score of held-out answers", "round", "AB in 12 letters", results.curves()));
  }
}
