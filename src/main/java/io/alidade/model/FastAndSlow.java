package io.alidade.model;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.store.Json;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/// Two models of the same shape that begin as one: a fast and a slow one (Qi et al. 2024, OFS-DPO),
/// adapters on the same weights if the policy has an adapter. One of them leads, the other follows;
/// their log-likelihoods are those readouts of the leader's and [Readout#RIVAL] of the follower's.
/// Speed belongs to a model, the role is assigned anew by [#swap()]. The leader is served.
public final class FastAndSlow implements Team {
  /// Before the name of a parameter of the fast model.
  public static final String FAST = "fast.";

  /// Before the name of a parameter of the slow model.
  public static final String SLOW = "slow.";

  private static final String WEIGHTS = "slow.safetensors";
  private static final String ROLES = "roles.json";
  private static final String LEADERS = "leaders.safetensors";

  private final Policy fast;
  private final Policy slow;
  private final List<SequencedMap<String, Owned>> leaders = new ArrayList<>(); // [0]: the beginning
  private Optional<CombinedAdapters> combined = Optional.empty();
  private boolean slowLeads;

  /// The fast model leads at first.
  ///
  /// @param fast the policy, as the checkpoint has it; closed by the caller
  /// @param checkpoint where slow model and roles are read from, if training goes on
  public FastAndSlow(Policy fast, Optional<Path> checkpoint) {
    this.fast = fast;
    this.slow = fast.twin();
    if (checkpoint.isPresent()) {
      restore(checkpoint.get());
    } else {
      leaders.add(kept(fast.changeable()));
    }
  }

  private static SequencedMap<String, Owned> kept(SequencedMap<String, Tensor> tensors) {
    var kept = new LinkedHashMap<String, Owned>();
    try (var _ = new Step()) {
      tensors.forEach((name, tensor) -> kept.put(name, Owned.keep(tensor.detach().clone())));
    }
    return kept;
  }

  private static SequencedMap<String, Tensor> tensors(SequencedMap<String, Owned> kept) {
    var tensors = new LinkedHashMap<String, Tensor>();
    kept.forEach((name, owned) -> tensors.put(name, owned.tensor()));
    return tensors;
  }

  private void restore(Path checkpoint) {
    try (var _ = new Step()) {
      slow.put(TensorFiles.read(checkpoint.resolve(WEIGHTS)));
      TensorFiles.read(checkpoint.resolve(LEADERS))
          .forEach((name, tensor) -> {
            int colon = name.indexOf(':');
            int number = Integer.parseInt(name.substring(0, colon));
            while (leaders.size() <= number) {
              leaders.add(new LinkedHashMap<>());
            }
            leaders.get(number).put(name.substring(colon + 1), Owned.keep(tensor));
          });
    }
    var leader = Json.readObject(checkpoint.resolve(ROLES)).path("leader").asString("");
    slowLeads =
        switch (leader) {
          case "slow" -> true;
          case "fast" -> false;
          default ->
              throw new UserException(
                  "%s: leader is '%s', not fast or slow"
                      .formatted(checkpoint.resolve(ROLES), leader));
        };
  }

  /// The model in the role of the leader.
  public Policy leader() {
    return slowLeads ? slow : fast;
  }

  private Policy follower() {
    return slowLeads ? fast : slow;
  }

  /// Whether the slow model leads.
  public boolean slowLeads() {
    return slowLeads;
  }

  /// Leader and follower change roles.
  public void swap() {
    slowLeads = !slowLeads;
  }

  /// Keeps the leader as it is and begins anew with the fast one in the lead: a new domain.
  ///
  /// @param on whether both models go on from the leader, rather than from where they were at first
  public void renew(boolean on) {
    leaders.add(kept(leader().changeable()));
    var beginning = tensors(on ? leaders.getLast() : leaders.getFirst());
    fast.put(beginning);
    slow.put(beginning);
    slowLeads = false;
  }

  /// How many leaders were kept.
  public int kept() {
    return leaders.size() - 1;
  }

  /// All leaders that were kept and the present one as one adapter, which is served from now on.
  ///
  /// @throws IllegalStateException if the policy has no adapter
  public CombinedAdapters combine() {
    var all = new ArrayList<SequencedMap<String, Tensor>>();
    leaders.subList(1, leaders.size()).forEach(one -> all.add(tensors(one)));
    all.add(leader().changeable());
    var made = new CombinedAdapters(fast, all);
    combined.ifPresent(CombinedAdapters::close);
    combined = Optional.of(made);
    return made;
  }

  @Override
  public Policy served() {
    return combined.map(CombinedAdapters::policy).orElseGet(this::leader);
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    var own = EnumSet.copyOf(readouts);
    boolean both = own.remove(Readout.RIVAL);
    var first = leader().score(batch, own, differentiable);
    if (!both) {
      return first;
    }
    return new Joined(
        first,
        follower().score(batch, Set.of(Readout.LOG_LIKELIHOOD), differentiable),
        Readout.LOG_LIKELIHOOD,
        Readout.RIVAL);
  }

  @Override
  public SequencedMap<String, Tensor> trainable() {
    var trainable = new LinkedHashMap<String, Tensor>();
    fast.trainable().forEach((name, tensor) -> trainable.put(FAST + name, tensor));
    slow.trainable().forEach((name, tensor) -> trainable.put(SLOW + name, tensor));
    return trainable;
  }

  @Override
  public void training(boolean on) {
    fast.training(on);
    slow.training(on);
  }

  @Override
  public void checkpoint(Path folder) {
    fast.checkpoint(folder);
    TensorFiles.write(folder.resolve(WEIGHTS), slow.changeable());
    var kept = new LinkedHashMap<String, Tensor>();
    for (int i = 0; i < leaders.size(); i++) {
      int number = i;
      leaders.get(i).forEach((name, owned) -> kept.put(number + ":" + name, owned.tensor()));
    }
    TensorFiles.write(folder.resolve(LEADERS), kept);
    Json.write(folder.resolve(ROLES), Map.of("leader", slowLeads ? "slow" : "fast"));
  }

  @Override
  public byte[] randomState() {
    return ByteBuffer.allocate(2 * Long.BYTES)
        .put(fast.randomState())
        .put(slow.randomState())
        .array();
  }

  @Override
  public void restoreRandomState(byte[] state) {
    fast.restoreRandomState(java.util.Arrays.copyOfRange(state, 0, Long.BYTES));
    slow.restoreRandomState(java.util.Arrays.copyOfRange(state, Long.BYTES, 2 * Long.BYTES));
  }

  @Override
  public void close() {
    combined.ifPresent(CombinedAdapters::close);
    leaders.forEach(one -> one.values().forEach(Owned::close));
    slow.close();
  }

  /// What two models say of a batch, a readout of the second under another name.
  ///
  /// @param as what `of` of the second model is called
  record Joined(Scoring first, Scoring second, Readout of, Readout as) implements Scoring {
    @Override
    public Map<Readout, Tensor> outputs() {
      var outputs = new EnumMap<Readout, Tensor>(Readout.class);
      outputs.putAll(first.outputs());
      var other = second.outputs().get(of);
      if (other == null) {
        throw new IllegalStateException("the second model did not report " + of);
      }
      outputs.put(as, other);
      return outputs;
    }

    @Override
    public Extent extent() {
      return first.extent().plus(second.extent());
    }

    @Override
    public void backward(Map<Readout, Tensor> gradients) {
      var own = new EnumMap<Readout, Tensor>(Readout.class);
      own.putAll(gradients);
      var other = own.remove(as);
      first.backward(own);
      if (other != null) {
        second.backward(Map.of(of, other));
      }
    }
  }
}
