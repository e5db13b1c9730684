package io.alidade.learning;

import io.alidade.Check;
import io.alidade.batch.Readout;
import io.alidade.model.FastAndSlow;
import io.alidade.model.Trainee;
import io.alidade.objective.FastSlowDpo;
import java.util.Set;

/// A stream of pairs that a fast and a slow model learn from together (OFS-DPO; Qi et al. 2024,
/// arXiv:2406.05534). After every so many steps the model whose DPO loss was lower over them takes
/// the lead; on a tie the leader stays. The leader is what the run serves.
///
/// @param numTrainEpochs passes over the data, at least 1; a number of steps set for the run takes
///   precedence. A stream is seen once.
/// @param swapInterval steps between two looks at the roles, at least 1
public record FastSlow(int numTrainEpochs, int swapInterval) implements Learning {
  /// Checks the ranges.
  public FastSlow {
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
    Check.atLeast("swap_interval", 1, swapInterval);
  }

  @Override
  public Set<Readout> reports() {
    return Set.of(Readout.RIVAL);
  }

  @Override
  public Trainee trains(Setting setting) {
    return new FastAndSlow(setting.policy(), setting.checkpoint());
  }

  @Override
  public void run(Session session) {
    session.plan(numTrainEpochs);
    session.sum(FastSlowDpo.GAP);
    var models = session.trainee(FastAndSlow.class);
    while (session.unfinished()) {
      assign(session, models);
      session.step();
    }
    assign(session, models);
  }

  /// After whole intervals: whoever did better leads.
  void assign(Session session, FastAndSlow models) {
    if (session.done() > 0
        && session.done() % swapInterval == 0
        && session.taken(FastSlowDpo.GAP) > 0) {
      models.swap();
      session.say(
          "step %,d: the %s model takes the lead"
              .formatted(session.done(), models.slowLeads() ? "slow" : "fast"));
    }
  }
}
