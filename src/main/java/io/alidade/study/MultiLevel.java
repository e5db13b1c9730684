package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.objective.MaplReward;
import io.alidade.study.Verdict.Part;
import io.alidade.world.FeatureReward;
import io.alidade.world.Lesson;
import io.alidade.world.ObeyedInstructions;
import java.util.ArrayList;
import java.util.List;

/// Does a reward model learn what instructions ask from pairs that know nothing of instructions
/// (MAPL, Sun et al. 2025, arXiv:2505.12845)?
public record MultiLevel() implements Study {
  private static final int[] ASKED = {0, 1, 2, 4};
  private static final String BASE = "Bradley-Terry";
  private static final String INTRA = "with intra-sample rows";
  private static final String BOTH = "with intra- and inter-sample rows";

  @Override
  public List<String> recipes() {
    return List.of("mapl-reward", "mapl");
  }

  @Override
  public String claim() {
    return "Rows made of existing pairs, one answer under two prompts of which it obeys one, and two"
        + " answers under two prompts, teach a reward model to heed several instructions at once,"
        + " without loss on the pairs themselves.";
  }

  @Override
  public String criterion() {
    return "512 pairs ordered by quality alone, instructions on two of eight attributes, the truth"
        + " three times the share obeyed plus quality, 1500 Adam steps: accuracy at 2 and at 4"
        + " instructions at least 5 points above Bradley and Terry's with the intra-sample rows; with"
        + " both kinds at most 0.5 points below that at every number of instructions; without"
        + " instructions at most 2 points below Bradley and Terry's.";
  }

  @Override
  public String remarks() {
    return """
    - Stage 1 of the experiment as published on the page of the system: a perceptron (two hidden layers of 64) over what is asked, what the answer
      has and its quality. 64 pairs a step with what is made of them, Adam at 0.001. 2000 pairs are measured for each number of instructions.
    - The stage with a language model was not run; what it needs (strategy `MultiInstruction`, objectives `Mapl` and `MaplReward`) is
      tested on small models.
    - The inter-sample construction and loss are the page's reading of the paper's abstract.\
    """;
  }

  private static String accuracy(int asked) {
    return "accuracy, %d instructions".formatted(asked);
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var world = new ObeyedInstructions(bench.random("world"));
    var pairs = world.pairs(bench.size(512, 128));
    var measured = new ArrayList<int[]>();
    for (int asked : ASKED) {
      measured.add(world.measured(asked, bench.size(2000, 300)));
    }
    try (var fresh = FeatureReward.random(world.rows(), bench.random("weights"), 64, 64)) {
      var rows = new ArrayList<Group>();
      pairs.forEach(pair -> rows.add(pair.plain()));
      learned(bench, trial, fresh, BASE, rows, 1, measured);
      bench.at(INTRA, 0.2);
      pairs.forEach(pair -> rows.addAll(pair.intra()));
      learned(bench, trial, fresh, INTRA, rows, 3, measured);
      bench.at(BOTH, 0.5);
      pairs.forEach(pair -> rows.add(pair.inter()));
      learned(bench, trial, fresh, BOTH, rows, 4, measured);
    }
    return trial;
  }

  private static void learned(
      Bench bench,
      Trial trial,
      FeatureReward fresh,
      String arm,
      List<Group> rows,
      int kinds,
      List<int[]> measured) {
    try (var model = fresh.copy()) {
      new Lesson(
              Lesson.adam(bench.size(1, 5) * 1e-3),
              64 * kinds,
              bench.size(1500, 60),
              bench.seed("order"),
              bench.scratch().resolve("lessons"))
          .teach(new MaplReward(1, 1, 1), model, model, List.copyOf(rows));
      for (int k = 0; k < ASKED.length; k++) {
        var rewards = model.rewards(measured.get(k));
        int right = 0;
        for (int p = 0; p < rewards.length; p += 2) {
          right += rewards[p] > rewards[p + 1] ? 1 : 0;
        }
        trial.note(arm, accuracy(ASKED[k]), 2.0 * right / rewards.length);
      }
    }
  }

  @Override
  public Verdict judge(Results results) {
    double least = Double.POSITIVE_INFINITY;
    for (int asked : ASKED) {
      least = Math.min(least, results.gain(BOTH, INTRA, accuracy(asked)));
    }
    return Verdict.of(
        Part.atLeast(
            "intra-sample rows, gain at 2 instructions",
            results.gain(INTRA, BASE, accuracy(2)),
            0.05),
        Part.atLeast(
            "intra-sample rows, gain at 4 instructions",
            results.gain(INTRA, BASE, accuracy(4)),
            0.05),
        Part.atLeast("smallest gain of inter-sample rows over them", least, -0.005),
        Part.atLeast(
            "both, gain without instructions", results.gain(BOTH, BASE, accuracy(0)), -0.02));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atLeast("both, gain at 4 instructions", reduced.gain(BOTH, BASE, accuracy(4)), -0.05));
  }
}
