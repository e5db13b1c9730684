package io.alidade.world;

import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.journal.Journal;
import io.alidade.learning.AdamW;
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

/// One training of a small model on groups in memory: Adam with a constant rate and gradients cut
/// to norm 1, in a [Session] like any run's.
///
/// @param objective what is learned
/// @param optimizer how a gradient becomes an update
/// @param batch groups a step
/// @param steps number of updates
/// @param shuffled whether the groups are seen in a random order, anew in each pass over them, or
///   as they stand
/// @param seed of that order
public record Drill(
    Objective objective, Optimizer optimizer, int batch, long steps, boolean shuffled, long seed) {
  /// Groups that are measured in one pass.
  private static final int MEASURED = 64;

  /// Adam at a rate.
  public Drill(
      Objective objective, double rate, int batch, long steps, boolean shuffled, long seed) {
    this(objective, new AdamW(rate, 0.9, 0.999, 1e-8, 0, 1), batch, steps, shuffled, seed);
  }

  /// The same with another optimizer.
  public Drill with(Optimizer other) {
    return new Drill(objective, other, batch, steps, shuffled, seed);
  }

  /// A drill in random order.
  public Drill(Objective objective, double rate, int batch, long steps, long seed) {
    this(objective, rate, batch, steps, true, seed);
  }

  /// Told how far a drill is.
  @FunctionalInterface
  public interface Watch {
    /// @param step updates done
    /// @param session to measure with
    void at(long step, Session session);
  }

  /// Trains a policy in place.
  ///
  /// @param reference the frozen model, if the objective needs one
  /// @param scratch a folder for the checkpoint at the end
  /// @return the folder of the trained model
  public Path teach(
      Trainee policy, Optional<? extends Scorer> reference, List<Group> groups, Path scratch) {
    return teach(policy, reference, groups, scratch, Math.max(1, steps), (_, _) -> {});
  }

  /// Trains a policy in place and looks at it on the way.
  ///
  /// @param every steps between two looks; the first is before the first step
  public Path teach(
      Trainee policy,
      Optional<? extends Scorer> reference,
      List<Group> groups,
      Path scratch,
      long every,
      Watch watch) {
    var settings =
        new Settings(
            batch,
            1,
            MEASURED,
            steps,
            1,
            Settings.Averaging.STEP,
            shuffled,
            Integer.MAX_VALUE,
            0,
            0,
            1,
            seed);
    try (var session =
        new Session(
            objective,
            policy,
            reference.map(scorer -> scorer),
            optimizer,
            new Constant(0),
            settings,
            Groups.of(groups),
            Optional.empty(),
            scratch,
            Journal.silent())) {
      session.plan(1);
      watch.at(0, session);
      while (session.unfinished()) {
        session.step();
        if (session.done() % every == 0) {
          watch.at(session.done(), session);
        }
      }
      return scratch.resolve("checkpoint-" + session.done());
    }
  }
}
