package io.alidade.world;

import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.journal.Journal;
import io.alidade.learning.AdamW;
import io.alidade.learning.Constant;
import io.alidade.learning.Experience;
import io.alidade.learning.Learning;
import io.alidade.learning.Offline;
import io.alidade.learning.Optimizer;
import io.alidade.learning.Session;
import io.alidade.learning.Settings;
import io.alidade.model.Scorer;
import io.alidade.model.Trainee;
import io.alidade.objective.Objective;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/// How the policies of a small world are trained: the session that trains every model, at a
/// constant rate, with one pass a step.
///
/// @param optimizer with its rate
/// @param batch groups a step; as many as there are, or more, for full batches
/// @param steps of the whole lesson
/// @param shuffled whether the groups are seen in a random order, anew in each pass over them, or
///   as they stand
/// @param seed of the order of groups
/// @param folder where the session keeps its checkpoint of the end; may hold one of another lesson
public record Lesson(
    Optimizer optimizer, int batch, long steps, boolean shuffled, long seed, Path folder) {
  private static final int MEASURED = 64; // groups in one pass of a look

  /// A lesson in random order.
  public Lesson(Optimizer optimizer, int batch, long steps, long seed, Path folder) {
    this(optimizer, batch, steps, true, seed, folder);
  }

  /// Told how far a lesson is.
  @FunctionalInterface
  public interface Watch {
    /// @param step updates done
    /// @param session to measure with
    void at(long step, Session session);
  }

  /// Adam without decay and without a bound on the gradient.
  public static AdamW adam(double rate) {
    return new AdamW(rate, 0.9, 0.999, 1e-8, 0, 1e9);
  }

  /// Adam without decay, gradients cut to norm 1, as language models are trained.
  public static AdamW cut(double rate) {
    return new AdamW(rate, 0.9, 0.999, 1e-8, 0, 1);
  }

  /// The same with another number of steps.
  public Lesson of(long steps) {
    return new Lesson(optimizer, batch, steps, shuffled, seed, folder);
  }

  /// Fine-tunes a policy with an objective that needs no frozen model.
  public void teach(Objective objective, Trainee policy, List<Group> data) {
    follow(new Offline(1), objective, policy, Optional.empty(), data);
  }

  /// Fine-tunes a policy until it is good enough, or the steps are used up.
  ///
  /// @param every steps between two looks
  /// @param enough whether to stop
  public void until(
      Objective objective, Trainee policy, List<Group> data, long every, BooleanSupplier enough) {
    try (var session = session(objective, policy, Optional.empty(), data)) {
      session.plan(1);
      while (session.unfinished() && !(session.done() % every == 0 && enough.getAsBoolean())) {
        session.step();
      }
    }
  }

  /// Trains a policy without looking.
  public void teach(Objective objective, Trainee policy, Scorer reference, List<Group> data) {
    follow(new Offline(1), objective, policy, Optional.of(reference), data);
  }

  /// Trains a policy as a learning framework says, for as many steps as this lesson has.
  ///
  /// @param reference the frozen model, looked at only if the objective asks for it
  public void follow(
      Learning learning,
      Objective objective,
      Trainee policy,
      Optional<Scorer> reference,
      List<Group> data) {
    try (var session = session(objective, policy, reference, data)) {
      learning.run(session);
    }
  }

  /// Trains a policy and watches every step.
  ///
  /// @param reference the frozen model, looked at only if the objective asks for it
  /// @param watch told the number of steps done, from 0, whenever it has changed
  public void teach(
      Objective objective, Trainee policy, Scorer reference, List<Group> data, LongConsumer watch) {
    teach(objective, policy, Optional.of(reference), data, 1, (step, _) -> watch.accept(step));
  }

  /// Trains a policy and looks at it on the way.
  ///
  /// @param reference the frozen model, looked at only if the objective asks for it
  /// @param every steps between two looks; the first is before the first step
  public void teach(
      Objective objective,
      Trainee policy,
      Optional<Scorer> reference,
      List<Group> data,
      long every,
      Watch watch) {
    try (var session = session(objective, policy, reference, data)) {
      session.plan(1);
      watch.at(0, session);
      while (session.unfinished()) {
        session.step();
        if (session.done() % every == 0) {
          watch.at(session.done(), session);
        }
      }
    }
  }

  private Session session(
      Objective objective, Trainee policy, Optional<Scorer> reference, List<Group> data) {
    var settings =
        new Settings(
            batch,
            1,
            MEASURED,
            steps,
            1,
            Settings.Averaging.STEP,
            shuffled,
            Math.toIntExact(steps),
            0,
            0,
            1,
            seed);
    return new Session(
        objective,
        policy,
        objective.needs().reference() ? reference : Optional.empty(),
        optimizer,
        new Constant(0),
        settings,
        Experience.given(Groups.of(data)),
        folder,
        Journal.silent());
  }
}
