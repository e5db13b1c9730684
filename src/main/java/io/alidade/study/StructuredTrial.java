package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.model.Policy;
import io.alidade.model.SaveOptions;
import io.alidade.objective.Objective;
import io.alidade.objective.Sft;
import io.alidade.reference.Cached;
import io.alidade.reference.Frozen;
import io.alidade.reference.Reference;
import io.alidade.world.Lesson;
import io.alidade.world.SmallModel;
import io.alidade.world.StructuredAnswers;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A trial on [StructuredAnswers]: a model that has begun to learn the task, pairs of its own
/// confusions, and arms that go on from there.
///
/// The model is a GPT-2 of 2 layers, 64 wide. It is fine-tuned for 500 steps of 32 answers to 1500
/// prompts at 1e-3, and each arm takes 300 steps of 32 pairs at 3e-4.
final class StructuredTrial {
  static final String MATCH = "exact match";
  static final String GOLD = "held-out gold log-likelihood";
  static final String CHOSEN = "chosen log-likelihood";
  static final String REJECTED = "rejected log-likelihood";

  /// Spread of the first weights, chosen so that 500 steps leave the model about half right, as in
  /// the experiment as published.
  private static final double RANGE = 0.045;

  private static final int BATCH = 32;
  private static final double SFT_RATE = 1e-3;
  private static final double RATE = 3e-4;
  private static final int LOOKS = 10;

  private final Bench bench;
  private final Trial trial;
  private final StructuredAnswers world;
  private final List<int[]> train;
  private final List<int[]> held;
  private final double pieces;
  private double done;

  /// @param pieces of work in all, for the progress: one a start and one an arm
  StructuredTrial(Bench bench, int pieces) {
    this.bench = bench;
    this.pieces = pieces;
    trial = Trial.of(bench.seed());
    world = new StructuredAnswers(bench.size(20, 5), bench.random("tables"));
    int count = bench.size(1500, 90);
    var prompts = world.prompts(count + bench.size(300, 30), bench.random("prompts"));
    train = prompts.subList(0, count);
    held = prompts.subList(count, prompts.size());
  }

  Trial trial() {
    return trial;
  }

  /// A model that was fine-tuned, with pairs of what it confuses.
  ///
  /// @param name of the arm that its measures are noted under
  /// @param folder of its weights
  /// @param pairs on the training prompts
  record Start(String name, Path folder, List<Group> pairs) {}

  /// Fine-tunes a fresh model.
  ///
  /// @param steps in the full study
  /// @param small steps in its reduced form
  Start start(String name, int steps, int small) {
    bench.at(name, done / pieces);
    var fresh = bench.scratch().resolve(name + "-fresh");
    new SmallModel(
            StructuredAnswers.VOCABULARY,
            64,
            2,
            StructuredAnswers.PROMPT + StructuredAnswers.ANSWER,
            bench.size(1, 2) * RANGE)
        .write(fresh, bench.seed("weights"));
    var folder = bench.scratch().resolve(name);
    try (var policy = SmallModel.trainable(fresh)) {
      lesson(name, bench.reduced() ? 4 * SFT_RATE : SFT_RATE, bench.size(steps, small))
          .teach(new Sft(), policy, world.demonstrations(train));
      policy.save(folder, SaveOptions.PLAIN);
      var pairs = world.confusions(train, policy, bench.random("confusions"));
      note(name, policy, pairs);
      done++;
      return new Start(name, folder, pairs);
    }
  }

  /// Trains a copy of a start, notes its measures and draws its likelihoods over the steps.
  void arm(String name, Start start, Objective objective) {
    var seen = Groups.of(start.pairs.subList(0, bench.size(300, 45)));
    int steps = bench.size(300, 40);
    try (var policy = SmallModel.trainable(start.folder);
        var reference =
            new Cached(new Frozen())
                .open(
                    new Reference.Setting(
                        () -> SmallModel.frozen(start.folder),
                        Optional.empty(),
                        bench.scratch().resolve(start.name + "-likelihoods"),
                        policy))) {
      lesson(name, bench.reduced() ? 4 * RATE : RATE, steps)
          .teach(
              objective,
              policy,
              Optional.of(reference),
              start.pairs,
              Math.max(1, steps / LOOKS),
              (step, session) -> {
                var measured = session.measure(seen, "");
                trial.point(
                    name + ", chosen",
                    (double) step,
                    measured.getOrDefault("logps/chosen", Double.NaN));
                trial.point(
                    name + ", rejected",
                    (double) step,
                    measured.getOrDefault("logps/rejected", Double.NaN));
                bench.at(name, (done + (double) step / steps) / pieces);
              });
      note(name, policy, start.pairs);
    }
    done++;
  }

  private void note(String arm, Policy policy, List<Group> pairs) {
    trial
        .note(arm, MATCH, world.exactMatch(policy, held))
        .note(arm, GOLD, world.goldLikelihood(policy, held))
        .note(arm, CHOSEN, StructuredAnswers.likelihood(policy, pairs, 0))
        .note(arm, REJECTED, StructuredAnswers.likelihood(policy, pairs, 1));
  }

  private Lesson lesson(String name, double rate, int steps) {
    var folder = bench.scratch().resolve(name + "-checkpoints");
    return new Lesson(Lesson.cut(rate), BATCH, steps, bench.seed("order"), folder);
  }
}
