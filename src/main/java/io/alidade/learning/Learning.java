package io.alidade.learning;

import io.alidade.batch.Readout;
import io.alidade.example.Signal;
import io.alidade.learning.rounds.Asking;
import io.alidade.learning.rounds.Rollouts;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.Trainee;
import io.alidade.objective.Needs;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// A learning framework: the order in which examples are drawn, steps taken and references moved,
/// told in the verbs of a [Session].
public interface Learning {
  /// Runs to its end, from wherever the session stands.
  void run(Session session);

  /// The signals that its drawn answers carry.
  default Set<Signal> yields(Needs.Feedback form) {
    return Drawing.yields(form);
  }

  /// Readouts that what it trains reports beyond a policy alone; an objective must read all of
  /// them, or else there is no use for them.
  default Set<Readout> reports() {
    return Set.of();
  }

  /// What is trained: the policy, or a team that it is part of.
  default Trainee trains(Setting setting) {
    return setting.policy();
  }

  /// What a team is made of.
  ///
  /// @param policy the model in training, as the last checkpoint has it
  /// @param another opens the model that training starts from once more, to be trained, with a head
  /// @param checkpoint the last one, if the run goes on from it
  record Setting(Policy policy, Function<Head, Policy> another, Optional<Path> checkpoint) {}

  /// How it draws answers of the policy, if it does; its data are prompts then, whatever else a row
  /// holds.
  default Optional<Drawing> draws() {
    return Optional.empty();
  }

  /// What it draws, round by round: whole answers, unless it says otherwise.
  ///
  /// @param asking prompts and judge
  default Collector collects(Asking asking) {
    return new Rollouts(asking, draws().orElseThrow());
  }

  /// How it draws answers that stand beside what the data hold, if it does.
  default Optional<Companions> accompanied() {
    return Optional.empty();
  }
}
