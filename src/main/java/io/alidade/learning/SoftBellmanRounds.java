package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.batch.Readout;
import io.alidade.learning.rounds.Asking;
import io.alidade.learning.rounds.OutcomeRollouts;
import io.alidade.model.Trainee;
import java.util.Optional;
import java.util.Set;

/// [SoftBellman] in rounds (the iterative form of OREO; Wang et al. 2024, arXiv:2412.16145, section
/// 4.5): each round draws answers with the policy as it is, has them judged right or wrong, and
/// goes on with the same critic.
///
/// @param rounds at least 1
/// @param promptsPerRound at least 1
/// @param numTrainEpochs passes over as many answers as there are prompts, at least 1
/// @param anchor whether a reference that follows (`PreviousStage`) becomes the policy at the
///   beginning of each round
/// @param keep wrong answers of a prompt that are learned from at most, and right ones no more than
///   these, but one if there is any; at least 1, without it all
/// @param sharedTrunk as in [SoftBellman]
/// @param average as in [SoftBellman]
/// @param drawing how answers are drawn; an answer is right whose reward is above 0.5
public record SoftBellmanRounds(
    int rounds,
    int promptsPerRound,
    int numTrainEpochs,
    @Default("false") boolean anchor,
    Optional<Integer> keep,
    @Default("false") boolean sharedTrunk,
    Optional<Double> average,
    Drawing drawing)
    implements Learning {
  /// Checks the ranges.
  public SoftBellmanRounds {
    Check.atLeast("rounds", 1, rounds);
    Check.atLeast("prompts_per_round", 1, promptsPerRound);
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
    keep.ifPresent(most -> Check.atLeast("keep", 1, most));
    average.ifPresent(decay -> Check.belowFrom("average", 0, 1, decay));
  }

  @Override
  public Optional<Drawing> draws() {
    return Optional.of(drawing);
  }

  @Override
  public Set<Readout> reports() {
    return new SoftBellman(numTrainEpochs, sharedTrunk, average).reports();
  }

  @Override
  public Trainee trains(Setting setting) {
    return SoftBellman.team(setting, sharedTrunk, average);
  }

  @Override
  public Collector collects(Asking asking) {
    return new OutcomeRollouts(asking, this);
  }

  @Override
  public void run(Session session) {
    session.plan(rounds, promptsPerRound, numTrainEpochs, /* restarts= */ false);
    while (session.unfinished()) {
      if (anchor && session.beginsStage()) {
        session.anchor();
      }
      session.collect();
      SoftBellman.follow(session, average);
      session.step();
    }
  }
}
