package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.batch.Readout;
import io.alidade.example.Signal;
import io.alidade.model.FastAndSlow;
import io.alidade.model.Trainee;
import io.alidade.objective.FastSlowDpo;
import java.util.ArrayList;
import java.util.Set;

/// Fast and slow models over domains that come one after another (COFS-DPO; Qi et al. 2024,
/// arXiv:2406.05534). Each domain is learned as by [FastSlow]; its leader is kept, and a memory of
/// its pairs. At the end all leaders are combined linearly with the weights that fit all memories
/// best ([Simplex]), and the combination is served.
///
/// @param numTrainEpochs passes over the rows of each domain, at least 1; a number of steps set for
///   the run is divided evenly among the domains instead
/// @param swapInterval steps of a domain between two looks at the roles, at least 1
/// @param memory pairs of each domain that the weights are fitted on, at least 1
/// @param solverSteps losses of the combination that the fit may compute, at least 1
/// @param beginning what both models of a new domain begin as
/// @param free whether the weights may be any numbers, rather than shares: not negative and of sum
///   1
/// @param by the signal that tells domains, one number a row; the smallest comes first
public record CrossDomain(
    int numTrainEpochs,
    int swapInterval,
    int memory,
    int solverSteps,
    Beginning beginning,
    boolean free,
    @Default("domain") String by)
    implements Learning {
  /// What both models of a new domain begin as.
  public enum Beginning {
    /// The adapters that the run began with.
    FRESH,
    /// The leader of the domain before.
    LEADER
  }

  /// Checks the ranges.
  public CrossDomain {
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
    Check.atLeast("swap_interval", 1, swapInterval);
    Check.atLeast("memory", 1, memory);
    Check.atLeast("solver_steps", 1, solverSteps);
  }

  @Override
  public Set<Readout> reports() {
    return Set.of(Readout.RIVAL);
  }

  @Override
  public Trainee trains(Setting setting) {
    if (!setting.policy().adapted()) {
      throw new UserException(
          "learning.CrossDomain combines adapters, and the scale trains none: --set adapter.r=16 --set adapter.lora_alpha=16 --set reference=AdaptersOff");
    }
    return new FastAndSlow(setting.policy(), setting.checkpoint());
  }

  @Override
  public void run(Session session) {
    session.plan(numTrainEpochs, Signal.perGroup(by), /* restarts= */ true);
    session.sum(FastSlowDpo.GAP);
    var models = session.trainee(FastAndSlow.class);
    var roles = new FastSlow(numTrainEpochs, swapInterval);
    while (session.unfinished()) {
      roles.assign(session, models);
      if (session.beginsStage() && session.done() > 0) {
        models.renew(beginning == Beginning.LEADER);
        session.restart();
        session.taken(FastSlowDpo.GAP);
      }
      session.step();
    }
    roles.assign(session, models);
    var memories = new ArrayList<java.util.List<io.alidade.batch.Group>>();
    for (int stage = 0; stage < session.stages(); stage++) {
      memories.add(session.remembered(stage, memory));
    }
    var weights =
        new Simplex(solverSteps, free)
            .fit(session, models.combine(), memories, session.objective(FastSlowDpo.class).beta());
    session.say("weights of the domains' adapters: " + Simplex.words(weights));
    session.evaluate();
  }
}
