package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.model.Policy;
import io.alidade.model.SaveOptions;
import io.alidade.objective.Dpo;
import io.alidade.objective.Objective;
import io.alidade.objective.Sft;
import io.alidade.study.Verdict.Part;
import io.alidade.world.ChainArithmetic;
import io.alidade.world.Lesson;
import io.alidade.world.SmallModel;
import io.alidade.world.Totals;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Whether graded lists of answers in steps teach more than the best against the worst of each
/// (TPO, Liao et al. 2024, arXiv:2410.12854), on chains of sums.
public record TreePreference() implements Study {
  private static final String TAU = "Kendall tau";
  private static final String ACCURACY = "greedy accuracy";

  private static final String START = "start";
  private static final String TPO = "TPO";
  private static final String PLAIN = "TPO, W = 1";
  private static final String ALL = "all-pairs DPO";
  private static final String EXTREMES = "best against worst";

  private static final double BETA = 0.5;
  private static final double RATE = 3e-4;
  private static final double HALF = 0.5; // of the last digits right, at the start
  private static final int TREES = 1500;
  private static final int LISTS = 8; // a step, of 5 answers
  private static final int PAIRS = 20; // a step: as many answers

  @Override
  public List<String> recipes() {
    return List.of("tpo");
  }

  @Override
  public String claim() {
    return "TPO ranks graded answers better than DPO on the best and the worst of each tree, and more answers come out right.";
  }

  @Override
  public String criterion() {
    return "Kendall's tau between implicit reward and score on new lists is higher for TPO than for DPO on best against worst in at least 4 of 5 seeds (of fewer seeds, in at least 0.8 of them), TPO's greedy accuracy is at least 2 points higher in the mean over seeds, and TPO without step weights (W = 1) is not worse in tau than DPO on all pairs.";
  }

  @Override
  public String remarks() {
    return """
    Chains of six sums modulo 10. A step of an answer is one token. A GPT-2 of two layers, 144 wide (0.5 million weights), is fine-tuned on answers of which a fifth of the steps are
    wrong, until half of its most likely last digits are right (looked at every ten steps, on problems of their own): sums are learned all at once, and a fixed number of steps leaves
    one seed no room to learn and another nothing to draw branches with. All arms then see as many answers, 8 lists of 5 or 20 pairs a step, for one pass over 1500 trees. DPO on all
    pairs is computed over whole lists, so that it differs from TPO with W = 1 by the weights of pairs alone. Tau counts pairs of different score. Greedy accuracy is of the last digit.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var world = new ChainArithmetic(bench.size(10, 4));
    var start = bench.scratch().resolve("start");
    var fresh = bench.scratch().resolve("fresh");
    new SmallModel(
            ChainArithmetic.VOCABULARY,
            bench.size(144, 48),
            2,
            ChainArithmetic.PROMPT
                + 2 * ChainArithmetic.STEPS, // a branch may be drawn to full length
            0.12)
        .write(fresh, bench.seed("weights"));
    var problems = world.problems(bench.size(300, 60), bench.random("new problems"));
    List<Group> train;
    List<Group> held;
    bench.at(START, 0);
    try (var policy = SmallModel.trainable(fresh)) {
      var seen = world.problems(bench.size(200, 30), bench.random("seen problems"));
      lesson(bench, START, bench.size(1, 3) * 1e-3, 64, bench.size(900, 120))
          .until(
              new Sft(),
              policy,
              world.demonstrations(bench.size(20_000, 3000), bench.random("demonstrations")),
              10,
              () -> world.accuracy(policy, seen) >= HALF);
      policy.save(start, SaveOptions.PLAIN);
      train =
          world.trees(
              world.problems(bench.size(TREES, 150), bench.random("problems")),
              policy,
              bench.seed("branches"),
              bench.random("trees"));
      held = world.trees(problems, policy, bench.seed("new branches"), bench.random("new trees"));
      trial.note(START, ACCURACY, world.accuracy(policy, problems));
    }
    var arms = arms(bench.reduced());
    int done = 0;
    for (var arm : arms.entrySet()) {
      bench.at(arm.getKey(), (2.0 + done) / (2 + arms.size()));
      try (var policy = SmallModel.trainable(start);
          var reference = SmallModel.frozen(start)) {
        boolean pairs = arm.getKey().equals(EXTREMES);
        int batch = pairs ? PAIRS : LISTS;
        lesson(bench, "arm " + done, bench.size(1, 4) * RATE, batch, bench.size(TREES / LISTS, 40))
            .teach(
                arm.getValue(), policy, reference, pairs ? ChainArithmetic.extremes(train) : train);
        trial.note(arm.getKey(), TAU, tau(policy, reference, held));
        trial.note(arm.getKey(), ACCURACY, world.accuracy(policy, problems));
      }
      done++;
    }
    return trial;
  }

  private static Lesson lesson(Bench bench, String name, double rate, int batch, int steps) {
    var folder = bench.scratch().resolve(name.replace(' ', '-') + "-checkpoints");
    return new Lesson(Lesson.cut(rate), batch, steps, bench.seed("order"), folder);
  }

  private static SequencedMap<String, Objective> arms(boolean reduced) {
    var arms = new LinkedHashMap<String, Objective>();
    arms.put(TPO, new io.alidade.objective.TreePreference(BETA, true, false));
    if (!reduced) {
      arms.put(PLAIN, new io.alidade.objective.TreePreference(BETA, false, false));
      arms.put(ALL, new AllPairs(BETA));
    }
    arms.put(EXTREMES, new Dpo(BETA, new ReverseKl()));
    return arms;
  }

  /// Mean over lists of the share of pairs of different score that the implicit reward orders
  /// rightly, less the share that it orders wrongly.
  private static double tau(Policy policy, Policy start, List<Group> trees) {
    var own = Totals.of(policy, trees);
    var before = Totals.of(start, trees);
    double sum = 0;
    int lists = 0;
    for (int t = 0; t < trees.size(); t++) {
      var values = ChainArithmetic.values(trees.get(t));
      int agreement = 0;
      int pairs = 0;
      for (int i = 0; i < values.length; i++) {
        for (int j = 0; j < values.length; j++) {
          if (values[i] > values[j]) {
            double gap = own.get(t)[i] - before.get(t)[i] - (own.get(t)[j] - before.get(t)[j]);
            agreement += (int) Math.signum(gap);
            pairs++;
          }
        }
      }
      if (pairs > 0) {
        sum += (double) agreement / pairs;
        lists++;
      }
    }
    return sum / lists;
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atLeast(
            "share of seeds in which TPO's tau exceeds that of best against worst",
            (double) results.wins(TPO, EXTREMES, TAU) / results.trials().size(),
            0.8),
        Part.atLeast(
            "TPO's greedy accuracy over that of best against worst",
            results.gain(TPO, EXTREMES, ACCURACY),
            0.02),
        Part.atLeast(
            "tau of TPO without step weights over that of all-pairs DPO",
            results.gain(PLAIN, ALL, TAU),
            0));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(Part.atLeast("TPO's tau", reduced.mean(TPO, TAU), 0.1));
  }
}
