package io.alidade.model;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/// A policy and a critic that is no more than a row of weights on the policy's last hidden state:
/// `V(s) = w . h(s)`, with `w` zero at first and `h` as a constant, so that nothing flows from the
/// values into the policy. It costs a forward and backward pass less than [ActorCritic] and the
/// memory of one model, and can only see what the policy needs to know anyway.
public final class TrunkCritic implements Team {
  private static final String WEIGHTS = "critic.safetensors";
  private static final String HEAD = "value_head.weight";

  private final Policy actor;
  private final Supplier<Policy> separate;
  private final Owned head; // [1, H]

  /// A policy with a head of values.
  ///
  /// @param actor as the checkpoint has it; closed by the caller
  /// @param separate opens the model that training started from with a value head of its own; what
  ///   is saved for search takes its form
  /// @param checkpoint where the head is read from, if training goes on
  public TrunkCritic(Policy actor, Supplier<Policy> separate, Optional<Path> checkpoint) {
    this.actor = actor;
    this.separate = separate;
    try (var _ = new Step()) {
      var start =
          checkpoint
              .map(folder -> Objects.requireNonNull(read(folder).get(HEAD)))
              .orElseGet(() ->
                  Ops.zeros(actor.spec().precision().wide(), 1, actor.architecture().hiddenSize()));
      head = Owned.keep(Grad.leaf(start));
    }
  }

  private static Map<String, Tensor> read(Path folder) {
    return TensorFiles.read(folder.resolve(WEIGHTS));
  }

  @Override
  public Policy served() {
    return actor;
  }

  /// Writes policy and head as one model with a value head, which a search opens like any critic.
  @Override
  public void save(Path run) {
    try (var critic = separate.get();
        var _ = new Step()) {
      var weights = new LinkedHashMap<>(actor.changeable());
      for (var name : critic.changeable().keySet()) {
        if (!weights.containsKey(name)) { // the head, by its name in this layout
          weights.put(name, head.tensor().detach());
        }
      }
      critic.put(weights);
      if (critic.adapted()) {
        critic.saveAdapter(run.resolve("critic"));
      } else {
        critic.save(run.resolve("critic"), SaveOptions.PLAIN);
      }
    }
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    var own = EnumSet.copyOf(readouts);
    if (!own.remove(Readout.VALUE)) {
      return actor.score(batch, own, differentiable);
    }
    own.add(Readout.HIDDEN);
    var scoring = actor.score(batch, own, differentiable);
    var hidden = Objects.requireNonNull(scoring.outputs().get(Readout.HIDDEN)); // [N, U, H]
    return new Valued(scoring, hidden, readouts.contains(Readout.HIDDEN), head.tensor());
  }

  @Override
  public SequencedMap<String, Tensor> trainable() {
    var trainable = new LinkedHashMap<String, Tensor>();
    actor.trainable().forEach((name, tensor) -> trainable.put(ActorCritic.ACTOR + name, tensor));
    trainable.put(ActorCritic.CRITIC + HEAD, head.tensor());
    return trainable;
  }

  @Override
  public void training(boolean on) {
    actor.training(on);
  }

  @Override
  public void checkpoint(Path folder) {
    actor.checkpoint(folder);
    TensorFiles.write(folder.resolve(WEIGHTS), Map.of(HEAD, head.tensor()));
  }

  @Override
  public byte[] randomState() {
    return actor.randomState();
  }

  @Override
  public void restoreRandomState(byte[] state) {
    actor.restoreRandomState(state);
  }

  @Override
  public void close() {
    head.close();
  }

  /// What the policy says of a batch, and the head of its hidden states.
  ///
  /// @param hidden `[N, U, H]`, 0 outside the mask
  /// @param asked whether the hidden states were asked for too
  /// @param head `[1, H]`
  private record Valued(Scoring policy, Tensor hidden, boolean asked, Tensor head)
      implements Scoring {
    @Override
    public Map<Readout, Tensor> outputs() {
      var outputs = new EnumMap<Readout, Tensor>(Readout.class);
      outputs.putAll(policy.outputs());
      if (!asked) {
        outputs.remove(Readout.HIDDEN);
      }
      var values = Grad.off(() -> hidden.matmul(head.view(-1, 1)).squeeze(2)); // [N, U]
      outputs.put(Readout.VALUE, values);
      return outputs;
    }

    @Override
    public Extent extent() {
      return policy.extent();
    }

    @Override
    public void backward(Map<Readout, Tensor> gradients) {
      var own = new EnumMap<Readout, Tensor>(Readout.class);
      own.putAll(gradients);
      var value = own.remove(Readout.VALUE); // [N, U]
      policy.backward(own);
      if (value != null) {
        Grad.addProduct(
            head,
            value.detach().to(hidden.scalar_type()).reshape(1, -1),
            hidden.view(-1, hidden.size(2)));
      }
    }
  }
}
