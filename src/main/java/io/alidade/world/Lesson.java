package io.alidade.world;

import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.journal.Journal;
import io.alidade.learning.Constant;
import io.alidade.learning.Optimizer;
import io.alidade.learning.Session;
import io.alidade.learning.Settings;
import io.alidade.model.Scorer;
import io.alidade.model.Trainee;
import io.alidade.objective.Objective;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/// How the policies of a small world are trained: the session that trains every model, at a
/// constant rate, with one pass a step.
///
/// @param optimizer with its rate
/// @param batch groups a step; as many as there are, or more, for full batches
/// @param steps of the whole lesson
/// @param seed of the order of groups
/// @param folder where the session keeps its checkpoint of the end; may hold one of another lesson
public record Lesson(Optimizer optimizer, int batch, long steps, long seed, Path folder) {
  /// Adam without decay and without a bound on the gradient.
  public static io.alidade.learning.AdamW adam(double rate) {
    return new io.alidade.learning.AdamW(rate, 0.9, 0.999, 1e-8, 0, 1e9);
  }

  /// The same with another number of steps.
  public Lesson of(long steps) {
    return new Lesson(optimizer, batch, steps, seed, folder);
  }

  /// Trains a policy without looking.
  public void teach(Objective objective, Trainee policy, Scorer reference, List<Group> data) {
    teach(objective, policy, reference, data, _ -> {});
  }

  /// Trains a policy.
  ///
  /// @param reference the frozen model, looked at only if the objective asks for it
  /// @param watch told the number of steps done, from 0, whenever it has changed
  public void teach(
      Objective objective, Trainee policy, Scorer reference, List<Group> data, LongConsumer watch) {
    var settings =
        new Settings(
            batch,
            1,
            64,
            steps,
            1,
            Settings.Averaging.STEP,
            true,
            Math.toIntExact(steps),
            0,
            0,
            1,
            seed);
    var given = objective.needs().reference() ? Optional.of(reference) : Optional.<Scorer>empty();
    try (var session =
        new Session(
            objective,
            policy,
            given,
            optimizer,
            new Constant(0),
            settings,
            Groups.of(data),
            Optional.empty(),
            folder,
            Journal.silent())) {
      session.plan(1);
      watch.accept(0);
      while (session.unfinished()) {
        session.step();
        watch.accept(session.done());
      }
    }
  }
}
