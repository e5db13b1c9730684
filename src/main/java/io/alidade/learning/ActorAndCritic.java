package io.alidade.learning;

import io.alidade.Check;
import io.alidade.model.ActorCritic;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/// An optimizer for the policy and one for the critic of [SoftBellman], each with a rate and a
/// largest norm of its own. The schedule moves both rates alike.
///
/// @param actor of the policy; its rate is the run's
/// @param critic of the critic
public record ActorAndCritic(AdamW actor, AdamW critic) implements Optimizer {
  /// Checks that the critic's rate can follow the policy's.
  public ActorAndCritic {
    Check.positive("actor.learning_rate", actor.learningRate());
  }

  @Override
  public double learningRate() {
    return actor.learningRate();
  }

  @Override
  public double maxGradNorm() {
    return actor.maxGradNorm();
  }

  @Override
  public Updater open(SequencedMap<String, Tensor> parameters) {
    return new Both(
        List.copyOf(parameters.values()),
        critic.learningRate() / actor.learningRate(),
        actor.open(Parts.of(parameters, ActorCritic.ACTOR)),
        critic.open(Parts.of(parameters, ActorCritic.CRITIC)));
  }

  private record Both(List<Tensor> all, double ratio, Updater actor, Updater critic)
      implements Updater {
    @Override
    public double update(double learningRate) {
      double norm = Parts.norm(all);
      if (Double.isFinite(norm)) {
        actor.update(learningRate);
        critic.update(learningRate * ratio);
      }
      return norm;
    }

    @Override
    public SequencedMap<String, Tensor> state() {
      return Parts.joined(
          Map.of(ActorCritic.ACTOR, actor.state(), ActorCritic.CRITIC, critic.state()));
    }

    @Override
    public void restore(Map<String, Tensor> state) {
      actor.restore(Parts.of(state, ActorCritic.ACTOR));
      critic.restore(Parts.of(state, ActorCritic.CRITIC));
    }

    @Override
    public void close() {
      actor.close();
      critic.close();
    }
  }
}
