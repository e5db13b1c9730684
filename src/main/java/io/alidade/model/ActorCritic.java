package io.alidade.model;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.tensor.Step;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/// A policy and a critic of the same start that are trained together: the critic is a model of its
/// own with a value head, whose readout joins the policy's. The policy is served; the critic is
/// saved beside it.
public final class ActorCritic implements Team {
  /// Before the name of a parameter of the policy.
  public static final String ACTOR = "actor.";

  /// Before the name of a parameter of the critic.
  public static final String CRITIC = "critic.";

  private static final String WEIGHTS = "critic.safetensors";

  private final Policy actor;
  private final Policy critic;

  /// A policy with its critic.
  ///
  /// @param actor as the checkpoint has it; closed by the caller
  /// @param critic the model that training started from, trainable, with a value head; closed with
  ///   the team
  /// @param checkpoint where the critic is read from, if training goes on
  public ActorCritic(Policy actor, Policy critic, Optional<Path> checkpoint) {
    this.actor = actor;
    this.critic = critic;
    try (var _ = new Step()) {
      checkpoint.ifPresent(folder -> critic.put(TensorFiles.read(folder.resolve(WEIGHTS))));
    }
  }

  /// The model of values.
  public Policy critic() {
    return critic;
  }

  @Override
  public Policy served() {
    return actor;
  }

  @Override
  public void save(Path run) {
    if (critic.adapted()) {
      critic.saveAdapter(run.resolve("critic"));
    } else {
      critic.save(run.resolve("critic"), SaveOptions.PLAIN);
    }
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    var own = EnumSet.copyOf(readouts);
    boolean both = own.remove(Readout.VALUE);
    var first = actor.score(batch, own, differentiable);
    if (!both) {
      return first;
    }
    var second = critic.score(batch, Set.of(Readout.VALUE), differentiable);
    return new FastAndSlow.Joined(first, second, Readout.VALUE, Readout.VALUE);
  }

  @Override
  public SequencedMap<String, Tensor> trainable() {
    var trainable = new LinkedHashMap<String, Tensor>();
    actor.trainable().forEach((name, tensor) -> trainable.put(ACTOR + name, tensor));
    critic.trainable().forEach((name, tensor) -> trainable.put(CRITIC + name, tensor));
    return trainable;
  }

  @Override
  public void training(boolean on) {
    actor.training(on);
    critic.training(on);
  }

  @Override
  public void checkpoint(Path folder) {
    actor.checkpoint(folder);
    TensorFiles.write(folder.resolve(WEIGHTS), critic.changeable());
  }

  @Override
  public byte[] randomState() {
    return ByteBuffer.allocate(2 * Long.BYTES)
        .put(actor.randomState())
        .put(critic.randomState())
        .array();
  }

  @Override
  public void restoreRandomState(byte[] state) {
    actor.restoreRandomState(Arrays.copyOfRange(state, 0, Long.BYTES));
    critic.restoreRandomState(Arrays.copyOfRange(state, Long.BYTES, 2 * Long.BYTES));
  }

  @Override
  public void close() {
    critic.close();
  }
}
