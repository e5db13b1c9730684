package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.model.Policy;
import io.alidade.model.SaveOptions;
import io.alidade.objective.Dpo;
import io.alidade.objective.Sft;
import io.alidade.study.Verdict.Part;
import io.alidade.world.Drill;
import io.alidade.world.KeyedLetters;
import io.alidade.world.KeyedLetters.Ranking;
import io.alidade.world.SmallModel;
import io.alidade.world.Totals;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// Whether pairs of ranked answers teach more from easy to hard, with the reference moved on
/// between (Curry-DPO, Pattnaik et al. 2024), on answers of eight letters with ratings by a rule.
public record CurryDpo() implements Study {
  private static final String RATING = "greedy rating";
  private static final String HARD = "accuracy on hard pairs";

  private static final String START = "start";
  private static final String SINGLE = "single pair";
  private static final String SHUFFLED = "shuffled";
  private static final String REVERSE = "reverse";
  private static final String RUN = "single run";
  private static final String ITERATIVE = "iterative";

  private static final int RESPONSES = 4;
  private static final int STAGES = RESPONSES - 1;
  private static final int BATCH = 32;
  private static final double RATE = 3e-4;

  @Override
  public List<String> recipes() {
    return List.of("curry-dpo");
  }

  @Override
  public String claim() {
    return "DPO on several pairs a prompt, from easy to hard and with the last stage's model as the next reference, gives better answers than one pair a prompt, than the same pairs shuffled, and than the reverse order.";
  }

  @Override
  public String criterion() {
    return "The mean rating of greedy answers to new prompts is higher for the iterative curriculum than for single pairs in at least 4 of 5 seeds (of fewer seeds, in at least 0.8 of them) and higher than for shuffled pairs in the mean over seeds, and the reverse order is not better than the curriculum in that mean.";
  }

  @Override
  public String remarks() {
    return """
    A GPT-2 of two layers, 64 wide (0.1 million weights, where the experiment as published has 0.3), is fine-tuned on demonstrations of mixed quality and draws four answers to each
    prompt. All arms take the same number of steps on as many pairs; the single pair is best against worst. Stages of the iterative and reverse arms restart the optimizer and take the
    model so far as their reference; the single run goes through the stages once with one optimizer and the start as reference. Accuracy on hard pairs is of the log-ratio to
    the start, on the best two answers that the start draws to new prompts.

    All arms end close to the best rating there is, 8, so the orders of a few hundredths say little. Where there was room, the curriculum was behind too: after sixty steps of the reduced form
    (two seeds) greedy ratings were 2.60 and 3.80 for the curriculum, 3.55 and 5.07 for single pairs. The stages of small gaps are the noisiest labels, and they come last.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var start = bench.scratch().resolve("start");
    var fresh = bench.scratch().resolve("fresh");
    new SmallModel(KeyedLetters.VOCABULARY, 64, 2, KeyedLetters.KEY + KeyedLetters.ANSWER, 0.1)
        .write(fresh, bench.seed("weights"));
    List<Ranking> train;
    List<Ranking> held;
    var keys = KeyedLetters.keys(bench.size(300, 60), bench.random("new keys"));
    bench.at(START, 0);
    try (var policy = SmallModel.trainable(fresh)) {
      new Drill(new Sft(), bench.size(1, 3) * 1e-3, BATCH, bench.size(600, 100), bench.seed("sft"))
          .teach(
              policy,
              Optional.empty(),
              KeyedLetters.demonstrations(bench.size(6000, 1500), bench.random("demonstrations")),
              bench.scratch().resolve("start-checkpoints"));
      policy.save(start, SaveOptions.PLAIN);
      var prompts = KeyedLetters.keys(bench.size(1500, 150), bench.random("keys"));
      train = KeyedLetters.rankings(policy, prompts, RESPONSES, bench.seed("answers"));
      held = KeyedLetters.rankings(policy, keys, RESPONSES, bench.seed("new answers"));
      trial.note(START, RATING, KeyedLetters.greedyRating(policy, keys));
    }
    var stages = new ArrayList<List<Group>>(); // easy to hard
    for (int other = RESPONSES - 1; other > 0; other--) {
      int rank = other;
      stages.add(train.stream().flatMap(ranking -> ranking.against(rank).stream()).toList());
    }
    var hard = held.stream().flatMap(ranking -> ranking.against(1).stream()).toList();
    var arms =
        bench.reduced()
            ? List.of(SINGLE, ITERATIVE)
            : List.of(SINGLE, SHUFFLED, REVERSE, RUN, ITERATIVE);
    for (var arm : arms) {
      bench.at(arm, (1.0 + arms.indexOf(arm)) / (1 + arms.size()));
      try (var policy = SmallModel.trainable(start);
          var reference = SmallModel.frozen(start)) {
        teach(bench, arm, policy, reference, stages);
        trial.note(arm, RATING, KeyedLetters.greedyRating(policy, keys));
        trial.note(arm, HARD, accuracy(policy, reference, hard));
      }
    }
    return trial;
  }

  private static void teach(
      Bench bench, String arm, Policy policy, Policy start, List<List<Group>> stages) {
    int steps = bench.size(120, 20); // of one stage
    var scratch = bench.scratch().resolve(arm.replace(' ', '-'));
    switch (arm) {
      case SINGLE ->
          drill(bench, STAGES * steps, true)
              .teach(policy, Optional.of(start), stages.getFirst(), scratch);
      case SHUFFLED ->
          drill(bench, STAGES * steps, true)
              .teach(
                  policy,
                  Optional.of(start),
                  stages.stream().flatMap(List::stream).toList(),
                  scratch);
      case RUN -> {
        var ordered = new ArrayList<Group>();
        for (var stage : stages) {
          ordered.addAll(visits(stage, steps * BATCH, bench.seed("order")));
        }
        drill(bench, STAGES * steps, false).teach(policy, Optional.of(start), ordered, scratch);
      }
      case ITERATIVE -> staged(bench, policy, stages, steps, scratch);
      case REVERSE -> staged(bench, policy, stages.reversed(), steps, scratch);
      default -> throw new IllegalStateException(arm);
    }
  }

  private static void staged(
      Bench bench, Policy policy, List<List<Group>> stages, int steps, Path scratch) {
    for (var stage : stages) {
      try (var previous = policy.frozenCopy()) {
        drill(bench, steps, true).teach(policy, Optional.of(previous), stage, scratch);
      }
    }
  }

  /// So many visits of the pairs of one stage, each pass over them in an order of its own.
  private static List<Group> visits(List<Group> stage, int count, long seed) {
    var random = new Random(seed);
    var visits = new ArrayList<Group>();
    while (visits.size() < count) {
      var pass = new ArrayList<>(stage);
      Collections.shuffle(pass, random);
      visits.addAll(pass.subList(0, Math.min(pass.size(), count - visits.size())));
    }
    return visits;
  }

  private static Drill drill(Bench bench, int steps, boolean shuffled) {
    return new Drill(
        new Dpo(0.1, new ReverseKl()),
        bench.size(1, 4) * RATE,
        BATCH,
        steps,
        shuffled,
        bench.seed("order"));
  }

  private static double accuracy(Policy policy, Policy start, List<Group> pairs) {
    var own = Totals.of(policy, pairs);
    var before = Totals.of(start, pairs);
    int right = 0;
    for (int p = 0; p < pairs.size(); p++) {
      double margin = own.get(p)[0] - own.get(p)[1] - (before.get(p)[0] - before.get(p)[1]);
      right += margin > 0 ? 1 : 0;
    }
    return (double) right / pairs.size();
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atLeast(
            "share of seeds in which the curriculum's rating exceeds that of single pairs",
            (double) results.wins(ITERATIVE, SINGLE, RATING) / results.trials().size(),
            0.8),
        Part.atLeast(
            "the curriculum's rating over that of shuffled pairs",
            results.gain(ITERATIVE, SHUFFLED, RATING),
            0),
        Part.atLeast(
            "the curriculum's rating over that of the reverse order",
            results.gain(ITERATIVE, REVERSE, RATING),
            0));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atLeast(
            "the curriculum's rating over the start's", reduced.gain(ITERATIVE, START, RATING), 0));
  }
}
