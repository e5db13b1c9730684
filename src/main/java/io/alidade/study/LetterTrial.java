package io.alidade.study;

import io.alidade.journal.Journal;
import io.alidade.learning.AdamW;
import io.alidade.learning.Constant;
import io.alidade.learning.Experience;
import io.alidade.learning.Learning;
import io.alidade.learning.Session;
import io.alidade.learning.Settings;
import io.alidade.model.Policy;
import io.alidade.model.SaveOptions;
import io.alidade.objective.Objective;
import io.alidade.objective.Sft;
import io.alidade.reference.Reference;
import io.alidade.world.Lesson;
import io.alidade.world.LetterStrings;
import io.alidade.world.SmallModel;
import java.nio.file.Path;
import java.util.Optional;

/// A trial on [LetterStrings]: a model that imitates its demonstrations, and loops that go on from
/// there.
///
/// The model is a GPT-2 of 2 layers, 64 wide, about 0.1 million weights. It is fine-tuned for 250
/// steps of 32 strings at 1e-3.
final class LetterTrial {
  private static final int BATCH = 32;

  private final Bench bench;
  private final Path begin;
  private int loops;

  LetterTrial(Bench bench, LetterStrings world) {
    this.bench = bench;
    var fresh = bench.scratch().resolve("fresh");
    new SmallModel(LetterStrings.VOCABULARY, 64, 2, LetterStrings.PROMPT + world.length(), 1.0 / 8)
        .write(fresh, bench.seed("weights"));
    begin = bench.scratch().resolve("start");
    int steps = bench.size(250, 25);
    try (var policy = SmallModel.trainable(fresh)) {
      new Lesson(
              Lesson.cut(bench.reduced() ? 4e-3 : 1e-3),
              BATCH,
              steps,
              bench.seed("order"),
              bench.scratch().resolve("start-checkpoints"))
          .teach(
              new Sft(),
              policy,
              world.demonstrations(BATCH * steps, bench.random("demonstrations")));
      policy.save(begin, SaveOptions.PLAIN);
    }
  }

  /// A trainable copy of the start.
  Policy copy() {
    return SmallModel.trainable(begin);
  }

  /// The start, frozen.
  Policy start() {
    return SmallModel.frozen(begin);
  }

  /// Trains a policy in a loop, 32 groups a step at a constant rate. The rounds are measured before
  /// the first step and every so many steps.
  ///
  /// @param every steps between two measurements
  void learn(
      Policy policy,
      Objective objective,
      Optional<Reference> reference,
      Learning learning,
      DrawnRounds rounds,
      double rate,
      int every) {
    var settings =
        new Settings(
            BATCH,
            1,
            BATCH,
            -1,
            1,
            Settings.Averaging.STEP,
            true,
            Integer.MAX_VALUE,
            every,
            0,
            1,
            bench.seed("loop"));
    var folder = bench.scratch().resolve("loop-" + loops++);
    var opened =
        reference.map(spec ->
            spec.open(
                new Reference.Setting(
                    this::start, Optional.empty(), folder.resolve("likelihoods"), policy)));
    try (var session =
        new Session(
            objective,
            policy,
            opened,
            new AdamW(rate, 0.9, 0.999, 1e-8, 0, 1),
            new Constant(0),
            settings,
            Experience.collected(rounds),
            folder,
            Journal.silent())) {
      session.evaluate();
      learning.run(session);
    } finally {
      opened.ifPresent(io.alidade.model.Scorer::close);
    }
  }
}
