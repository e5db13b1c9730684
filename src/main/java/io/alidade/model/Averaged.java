package io.alidade.model;

import io.alidade.Check;
import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/// A team with a moving average of the policy that it serves. The average is not trained; its
/// log-likelihoods are the readout [Readout#RIVAL].
///
///     w_avg ← decay w_avg + (1 - decay) w
public final class Averaged implements Team {
  private static final String WEIGHTS = "average.safetensors";

  private final Team team;
  private final Policy average;
  private final double decay;

  /// A team with an average that begins as its policy is.
  ///
  /// @param team closed with this
  /// @param decay share of the average that stays in a step, in `[0, 1)`
  /// @param checkpoint where the average is read from, if training goes on
  public Averaged(Team team, double decay, Optional<Path> checkpoint) {
    Check.belowFrom("average", 0, 1, decay);
    this.team = team;
    this.decay = decay;
    average = team.served().follower();
    try (var _ = new Step()) {
      checkpoint.ifPresent(folder -> average.put(TensorFiles.read(folder.resolve(WEIGHTS))));
    }
  }

  /// Takes the policy as it is into the average. Belongs before each step but a run's first, so
  /// that a checkpoint, which is written within a step, always holds the average before it.
  public void follow() {
    average.approach(team.served(), 1 - decay);
  }

  @Override
  public Policy served() {
    return team.served();
  }

  @Override
  public void save(Path run) {
    team.save(run);
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    var own = EnumSet.copyOf(readouts);
    boolean both = own.remove(Readout.RIVAL);
    var first = team.score(batch, own, differentiable);
    if (!both) {
      return first;
    }
    var still = average.score(batch, Set.of(Readout.LOG_LIKELIHOOD), false);
    return new FastAndSlow.Joined(first, new Still(still), Readout.LOG_LIKELIHOOD, Readout.RIVAL);
  }

  /// What a model said that learns nothing.
  private record Still(Scoring said) implements Scoring {
    @Override
    public Map<Readout, Tensor> outputs() {
      return said.outputs();
    }

    @Override
    public void backward(Map<Readout, Tensor> gradients) {}
  }

  @Override
  public SequencedMap<String, Tensor> trainable() {
    return team.trainable();
  }

  @Override
  public void training(boolean on) {
    team.training(on);
  }

  @Override
  public void checkpoint(Path folder) {
    team.checkpoint(folder);
    TensorFiles.write(folder.resolve(WEIGHTS), average.changeable());
  }

  @Override
  public byte[] randomState() {
    return team.randomState();
  }

  @Override
  public void restoreRandomState(byte[] state) {
    team.restoreRandomState(state);
  }

  @Override
  public void close() {
    average.close();
    team.close();
  }
}
