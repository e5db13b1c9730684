package io.alidade.learning;

import io.alidade.Check;
import io.alidade.batch.Readout;
import io.alidade.model.ActorCritic;
import io.alidade.model.Head;
import io.alidade.model.Trainee;
import java.util.Set;

/// Policy and value learned together from answers that are at hand (OREO; Wang et al. 2024,
/// arXiv:2412.16145): a critic of its own, with a value head that begins at zero, is trained beside
/// the policy, and is saved as `critic/` of the run for search at test time.
///
/// @param numTrainEpochs passes over the data, at least 1; a number of steps set for the run takes
///   precedence
public record SoftBellman(int numTrainEpochs) implements Learning {
  /// Checks the range.
  public SoftBellman {
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
  }

  @Override
  public Set<Readout> reports() {
    return Set.of(Readout.VALUE);
  }

  @Override
  public Trainee trains(Setting setting) {
    return new ActorCritic(
        setting.policy(), setting.another().apply(Head.VALUE), setting.checkpoint());
  }

  @Override
  public void run(Session session) {
    session.plan(numTrainEpochs);
    while (session.unfinished()) {
      session.step();
    }
  }
}
