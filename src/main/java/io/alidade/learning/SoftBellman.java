package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.batch.Readout;
import io.alidade.model.ActorCritic;
import io.alidade.model.Averaged;
import io.alidade.model.Head;
import io.alidade.model.Team;
import io.alidade.model.Trainee;
import io.alidade.model.TrunkCritic;
import java.util.Optional;
import java.util.Set;

/// Policy and value learned together from answers that are at hand (OREO; Wang et al. 2024,
/// arXiv:2412.16145): a critic of its own, with a value head that begins at zero, is trained beside
/// the policy, and is saved as `critic/` of the run for search at test time.
///
/// @param numTrainEpochs passes over the data, at least 1; a number of steps set for the run takes
///   precedence
/// @param sharedTrunk whether the critic is a head on the policy's own hidden states, into which
///   nothing flows from it, in place of a model of its own
/// @param average share of a moving average of the policy that stays in a step, in `[0, 1)`; the
///   objective then takes the critic's target from that average (`Oreo.averaged`). Without it there
///   is none
public record SoftBellman(
    int numTrainEpochs, @Default("false") boolean sharedTrunk, Optional<Double> average)
    implements Learning {
  /// Checks the ranges.
  public SoftBellman {
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
    average.ifPresent(decay -> Check.belowFrom("average", 0, 1, decay));
  }

  /// A critic of its own and no average: the paper's.
  public SoftBellman(int numTrainEpochs) {
    this(numTrainEpochs, /* sharedTrunk= */ false, Optional.empty());
  }

  @Override
  public Set<Readout> reports() {
    return average.isPresent() ? Set.of(Readout.VALUE, Readout.RIVAL) : Set.of(Readout.VALUE);
  }

  @Override
  public Trainee trains(Setting setting) {
    return team(setting, sharedTrunk, average);
  }

  /// Policy and critic, and the average if there is one.
  static Team team(Setting setting, boolean sharedTrunk, Optional<Double> average) {
    Team team =
        sharedTrunk
            ? new TrunkCritic(
                setting.policy(), () -> setting.another().apply(Head.VALUE), setting.checkpoint())
            : new ActorCritic(
                setting.policy(), setting.another().apply(Head.VALUE), setting.checkpoint());
    return average.<Team>map(decay -> new Averaged(team, decay, setting.checkpoint())).orElse(team);
  }

  @Override
  public void run(Session session) {
    session.plan(numTrainEpochs);
    while (session.unfinished()) {
      follow(session, average);
      session.step();
    }
  }

  /// Takes the last step's policy into the average, if there is one.
  static void follow(Session session, Optional<Double> average) {
    if (average.isPresent() && session.done() > 0) {
      session.trainee(Averaged.class).follow();
    }
  }
}
