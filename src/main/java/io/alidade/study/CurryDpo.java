package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.data.Curriculum;
import io.alidade.data.RankedPairs;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.learning.Learning;
import io.alidade.learning.Offline;
import io.alidade.learning.Staged;
import io.alidade.model.Policy;
import io.alidade.model.SaveOptions;
import io.alidade.objective.Dpo;
import io.alidade.objective.Sft;
import io.alidade.reference.Frozen;
import io.alidade.reference.PreviousStage;
import io.alidade.reference.Reference;
import io.alidade.study.Verdict.Part;
import io.alidade.world.KeyedLetters;
import io.alidade.world.Lesson;
import io.alidade.world.SmallModel;
import io.alidade.world.Totals;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Whether pairs of ranked answers teach more from easy to hard, with the reference moved on
/// between (Curry-DPO, Pattnaik et al. 2024, arXiv:2403.07230), on answers of eight letters with
/// ratings by a rule.
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
    A GPT-2 of two layers, 112 wide (0.3 million weights), is fine-tuned on demonstrations of mixed quality and draws four answers to each of 1500 prompts. Pairs, their stages and the
    schedule are the product's own `Curriculum`, `Staged` and `PreviousStage`. Every arm takes as many steps of 32 pairs as one pass over all pairs has, so that a stage is one pass over
    its pairs; the single pair is best against worst, repeated. Stages of the iterative and reverse arms restart the optimizer and take the model so far as their reference; the
    single run goes through the stages with one optimizer and the start as reference. Accuracy on hard pairs is of the log-ratio to the start, on the best two answers that the start
    draws to new prompts. In an earlier form each stage took two and a half passes and all arms ended at 7.9 to 8.0 of 8.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var start = bench.scratch().resolve("start");
    var fresh = bench.scratch().resolve("fresh");
    int width = bench.size(112, 64);
    new SmallModel(KeyedLetters.VOCABULARY, width, 2, KeyedLetters.KEY + KeyedLetters.ANSWER, 0.1)
        .write(fresh, bench.seed("weights"));
    List<Example> train;
    List<Example> held;
    var keys = KeyedLetters.keys(bench.size(300, 60), bench.random("new keys"));
    bench.at(START, 0);
    try (var policy = SmallModel.trainable(fresh)) {
      lesson(bench, START, bench.size(1, 3) * 1e-3, bench.size(600, 100))
          .teach(
              new Sft(),
              policy,
              KeyedLetters.demonstrations(bench.size(6000, 1500), bench.random("demonstrations")));
      policy.save(start, SaveOptions.PLAIN);
      var prompts = KeyedLetters.keys(bench.size(1500, 150), bench.random("keys"));
      train = KeyedLetters.rankings(policy, prompts, RESPONSES, bench.seed("answers"));
      held = KeyedLetters.rankings(policy, keys, RESPONSES, bench.seed("new answers"));
      trial.note(START, RATING, KeyedLetters.greedyRating(policy, keys));
    }
    var hard = held.stream().flatMap(CurryDpo::best).toList();
    int steps = Math.ceilDiv(Arm.ITERATED.pairs(train).size(), BATCH);
    var arms = Arm.of(bench.reduced());
    for (var arm : arms) {
      bench.at(arm.label, (1.0 + arms.indexOf(arm)) / (1 + arms.size()));
      try (var policy = SmallModel.trainable(start);
          var begun = SmallModel.frozen(start);
          var reference =
              arm.reference.open(
                  new Reference.Setting(
                      () -> SmallModel.frozen(start),
                      Optional.empty(),
                      bench.scratch().resolve("likelihoods"),
                      policy))) {
        lesson(bench, arm.label, bench.size(1, 4) * RATE, steps)
            .follow(
                arm.learning,
                new Dpo(0.1, new ReverseKl()),
                policy,
                Optional.of(reference),
                arm.pairs(train));
        trial.note(arm.label, RATING, KeyedLetters.greedyRating(policy, keys));
        trial.note(arm.label, HARD, accuracy(policy, begun, hard));
      }
    }
    return trial;
  }

  /// The best two answers of a list, unless they are rated alike.
  private static Stream<Group> best(Example list) {
    var scores = list.signals().get(Signal.perCandidate("scores"));
    if (scores == null || scores[0] == scores[1]) {
      return Stream.of();
    }
    var two = list.candidates().subList(0, 2);
    return Stream.of(
        KeyedLetters.group(new Example(list.row(), list.prompt(), two, Map.of(), Map.of())));
  }

  private static Lesson lesson(Bench bench, String name, double rate, int steps) {
    var folder = bench.scratch().resolve(name.replace(' ', '-') + "-checkpoints");
    return new Lesson(Lesson.cut(rate), BATCH, steps, bench.seed("order"), folder);
  }

  /// What becomes of the ranked answers, and in which order it is learned.
  private enum Arm {
    ONE(SINGLE, new Offline(1), new Frozen()) {
      @Override
      List<Example> pairs(Example list) {
        return new RankedPairs(RankedPairs.Choice.BEST_WORST, "scores").of(list);
      }
    },
    MIXED(SHUFFLED, new Offline(1), new Frozen()),
    BACKWARDS(REVERSE, new Staged(1, true, "stage"), new PreviousStage()) {
      @Override
      List<Example> pairs(Example list) {
        return curriculum(Curriculum.Order.HARD_FIRST).of(list);
      }
    },
    ONCE(RUN, new Staged(1, false, "stage"), new Frozen()),
    ITERATED(ITERATIVE, new Staged(1, true, "stage"), new PreviousStage());

    private final String label;

    @SuppressWarnings("ImmutableEnumChecker") // a record of settings
    private final Learning learning;

    @SuppressWarnings("ImmutableEnumChecker") // a record of settings
    private final Reference reference;

    Arm(String label, Learning learning, Reference reference) {
      this.label = label;
      this.learning = learning;
      this.reference = reference;
    }

    List<Example> pairs(Example list) {
      return curriculum(Curriculum.Order.EASY_FIRST).of(list);
    }

    List<Group> pairs(List<Example> lists) {
      return lists.stream().flatMap(list -> pairs(list).stream()).map(KeyedLetters::group).toList();
    }

    static Curriculum curriculum(Curriculum.Order order) {
      return new Curriculum(RESPONSES, order, Curriculum.Buckets.LIST, "scores", Optional.empty());
    }

    static List<Arm> of(boolean reduced) {
      return reduced ? List.of(ONE, ITERATED) : List.of(values());
    }
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
