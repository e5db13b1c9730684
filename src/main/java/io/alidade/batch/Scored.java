package io.alidade.batch;

import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// A batch with everything that was computed for it: the only thing an objective sees.
///
/// What an objective did not declare in its needs is absent, and asking for it is an error that
/// says so.
public final class Scored {
  private final int[] sizes; // candidates of each group
  private final Tensor mask; // [N, U]
  private final Map<Readout, Tensor> readouts;
  private final Map<Readout, Tensor> frozen;
  private final Map<Signal, Tensor> signals;
  private final Map<String, Double> memory;
  private final UnaryOperator<Tensor> constants;

  /// Puts together what was computed.
  ///
  /// @param sizes number of candidates of each group, in order; they add up to N
  /// @param mask `[N, U]`, 1 for a unit that counts
  /// @param readouts tensors by readout, shapes as [Readout] says; the likelihood of the policy
  ///   among them
  /// @param reference `[N, U]` log-likelihoods under the frozen model, if needed
  /// @param signals tensors by signal, shapes as [Signal.Scope] says
  /// @param memory scalars that the objective asked to remember, by name
  public Scored(
      int[] sizes,
      Tensor mask,
      Map<Readout, Tensor> readouts,
      Optional<Tensor> reference,
      Map<Signal, Tensor> signals,
      Map<String, Double> memory) {
    this(
        sizes,
        mask,
        readouts,
        reference
            .map(units -> Map.of(Readout.LOG_LIKELIHOOD, units))
            .orElseGet(Map::<Readout, Tensor>of),
        signals,
        memory);
  }

  /// Puts together what was computed, with further readouts of the frozen model.
  ///
  /// @param frozen tensors of the frozen model by readout; empty if none is needed
  public Scored(
      int[] sizes,
      Tensor mask,
      Map<Readout, Tensor> readouts,
      Map<Readout, Tensor> frozen,
      Map<Signal, Tensor> signals,
      Map<String, Double> memory) {
    this(sizes, mask, readouts, frozen, signals, memory, UnaryOperator.identity());
  }

  private Scored(
      int[] sizes,
      Tensor mask,
      Map<Readout, Tensor> readouts,
      Map<Readout, Tensor> frozen,
      Map<Signal, Tensor> signals,
      Map<String, Double> memory,
      UnaryOperator<Tensor> constants) {
    this.sizes = sizes.clone();
    this.mask = mask;
    this.readouts = Map.copyOf(readouts);
    this.frozen = Map.copyOf(frozen);
    this.signals = Map.copyOf(signals);
    this.memory = Map.copyOf(memory);
    this.constants = constants;
  }

  /// The same batch with other log-likelihoods under the frozen model.
  ///
  /// @param units `[N, U]`, nats
  public Scored withReference(Tensor units) {
    var changed = new HashMap<>(frozen);
    changed.put(Readout.LOG_LIKELIHOOD, units);
    return new Scored(sizes, mask, readouts, changed, signals, memory, constants);
  }

  /// The same batch with log-ratios of policy to reference, unit by unit, in place of the policy's
  /// log-likelihoods.
  ///
  /// @throws IllegalStateException if needs() did not declare a reference
  public Scored againstReference() {
    var changed = new HashMap<>(readouts);
    changed.put(Readout.LOG_LIKELIHOOD, policy().units().sub(reference().units()));
    return new Scored(sizes, mask, changed, frozen, signals, memory, constants);
  }

  /// The same batch with a signal added or replaced, for objectives that wrap others.
  Scored withSignal(Signal signal, Tensor values) {
    var all = new HashMap<>(signals);
    all.put(signal, values);
    return new Scored(sizes, mask, readouts, frozen, all, memory, constants);
  }

  /// The same batch with every log-likelihood, of policy and reference alike, times a factor.
  ///
  /// @param factor `[N, U]`, a constant of the data
  public Scored scaled(Tensor factor) {
    return new Scored(
        sizes, mask, scaled(readouts, factor), scaled(frozen, factor), signals, memory, constants);
  }

  private static Map<Readout, Tensor> scaled(Map<Readout, Tensor> readouts, Tensor factor) {
    var changed = new HashMap<>(readouts);
    changed.computeIfPresent(Readout.LOG_LIKELIHOOD, (_, units) -> units.mul(factor));
    return changed;
  }

  /// Pairs turned round: the rejected candidate first. Signals are left as they are.
  ///
  /// @throws IllegalStateException if a group is not a pair
  public Scored swapped() {
    var order = new int[candidates()];
    for (int g = 0; g < sizes.length; g++) {
      if (sizes[g] != 2) {
        throw new IllegalStateException("group %d is not a pair".formatted(g));
      }
      order[2 * g] = 2 * g + 1;
      order[2 * g + 1] = 2 * g;
    }
    var rows = Ops.indices(order);
    return new Scored(
        sizes,
        mask.index_select(0, rows),
        ordered(readouts, rows),
        ordered(frozen, rows),
        signals,
        memory,
        constants);
  }

  private static Map<Readout, Tensor> ordered(Map<Readout, Tensor> readouts, Tensor rows) {
    var changed = new HashMap<>(readouts);
    changed.replaceAll((_, tensor) -> tensor.index_select(0, rows));
    return changed;
  }

  /// The same batch in which [#constant(Tensor)] gives what `constants` makes of its argument; a
  /// check of gradients by finite differences holds the constants still with it.
  public Scored withConstants(UnaryOperator<Tensor> constants) {
    return new Scored(sizes, mask, readouts, frozen, signals, memory, constants);
  }

  /// The same numbers cut off from the graph: no gradient flows through them.
  public Tensor constant(Tensor value) {
    return constants.apply(value.detach());
  }

  /// G, the number of groups.
  public int groups() {
    return sizes.length;
  }

  /// Number of candidates of each group, in order.
  public int[] sizes() {
    return sizes.clone();
  }

  /// N, the number of candidates.
  public int candidates() {
    return java.util.stream.IntStream.of(sizes).sum();
  }

  /// Log-likelihoods under the model that is trained.
  public Likelihood policy() {
    return new Likelihood(readout(Readout.LOG_LIKELIHOOD), mask);
  }

  /// Log-likelihoods under the frozen model; they carry no gradient.
  ///
  /// @throws IllegalStateException if needs() did not declare a reference
  public Likelihood reference() {
    return new Likelihood(referenceReadout(Readout.LOG_LIKELIHOOD), mask);
  }

  /// What the frozen model reports; it carries no gradient.
  ///
  /// @throws IllegalStateException if needs() did not declare it
  public Tensor referenceReadout(Readout readout) {
    var tensor = frozen.get(readout);
    if (tensor == null) {
      throw new IllegalStateException(
          frozen.isEmpty()
              ? "the reference was not declared in needs()"
              : "readout %s of the reference was not declared in needs()".formatted(readout));
    }
    return tensor;
  }

  /// Log-ratio of policy to reference, summed over the units of each candidate, `[N]`, nats: `u` in
  /// most papers.
  public Tensor logRatio() {
    return policy().total().sub(reference().total());
  }

  /// `[N, U]`, 1 for a unit that counts.
  public Tensor mask() {
    return mask;
  }

  /// A quantity of the data, in the shape of its scope.
  ///
  /// @throws IllegalStateException if needs() did not declare it
  public Tensor signal(Signal signal) {
    var tensor = signals.get(signal);
    if (tensor == null) {
      throw new IllegalStateException(
          "signal '%s' was not declared in needs()".formatted(signal.name()));
    }
    return tensor;
  }

  /// What the model reports beside its likelihoods.
  ///
  /// @throws IllegalStateException if needs() did not declare it
  public Tensor readout(Readout readout) {
    var tensor = readouts.get(readout);
    if (tensor == null) {
      throw new IllegalStateException("readout %s was not declared in needs()".formatted(readout));
    }
    return tensor;
  }

  /// A scalar that the objective remembered at an earlier step, or `initial` at the first.
  public double memory(String name, double initial) {
    return memory.getOrDefault(name, initial);
  }

  /// Of a quantity per candidate, the first candidate's of each group: the chosen one of a pair.
  /// `[N] → [G]`, `[N, U] → [G, U]`.
  public Tensor chosen(Tensor perCandidate) {
    return candidate(perCandidate, 0);
  }

  /// Of a quantity per candidate, the second candidate's of each group: the rejected one of a pair.
  /// `[N] → [G]`, `[N, U] → [G, U]`.
  public Tensor rejected(Tensor perCandidate) {
    return candidate(perCandidate, 1);
  }

  /// Of a quantity per candidate, the first candidate's minus the second's of each group: the
  /// margin of a pair. `[N] → [G]`.
  public Tensor margin(Tensor perCandidate) {
    return chosen(perCandidate).sub(rejected(perCandidate));
  }

  /// Of a quantity per candidate, the k-th candidate's of each group, from 0. `[N] → [G]`, `[N, U]
  /// → [G, U]`.
  ///
  /// @throws IllegalStateException if a group has no such candidate
  public Tensor candidate(Tensor perCandidate, int k) {
    var index = new int[sizes.length];
    int start = 0;
    for (int g = 0; g < sizes.length; g++) {
      if (k >= sizes[g]) {
        throw new IllegalStateException(
            "group %d has %d candidates, number %d was asked for".formatted(g, sizes[g], k));
      }
      index[g] = start + k;
      start += sizes[g];
    }
    return perCandidate.index_select(0, Ops.indices(index));
  }

  /// A quantity per candidate as a table, `[N] → [G, K]`, K the size of the largest group; places
  /// that no candidate fills hold 0 (see [#present()]).
  public Tensor byGroup(Tensor perCandidate) {
    int most = most();
    var index = new int[sizes.length * most];
    int start = 0;
    for (int g = 0; g < sizes.length; g++) {
      for (int k = 0; k < most; k++) {
        index[g * most + k] = k < sizes[g] ? start + k : start;
      }
      start += sizes[g];
    }
    var table =
        perCandidate.index_select(0, Ops.indices(index)).view(new long[] {sizes.length, most});
    return ragged() ? table.mul(present().to(table.scalar_type())) : table;
  }

  /// Which places of [#byGroup(Tensor)] hold a candidate, boolean `[G, K]`.
  public Tensor present() {
    int most = most();
    var present = new boolean[sizes.length * most];
    for (int g = 0; g < sizes.length; g++) {
      for (int k = 0; k < sizes[g]; k++) {
        present[g * most + k] = true;
      }
    }
    return Ops.booleans(present, sizes.length, most);
  }

  /// Repeats a quantity per group for each of its candidates, `[G] → [N]`.
  public Tensor spread(Tensor perGroup) {
    var index = new int[candidates()];
    int at = 0;
    for (int g = 0; g < sizes.length; g++) {
      for (int k = 0; k < sizes[g]; k++) {
        index[at++] = g;
      }
    }
    return perGroup.index_select(0, Ops.indices(index));
  }

  /// The type that the policy's likelihoods have; signals and masks have it too.
  public ScalarType type() {
    return mask.scalar_type();
  }

  private int most() {
    return java.util.stream.IntStream.of(sizes).max().orElse(0);
  }

  private boolean ragged() {
    return java.util.stream.IntStream.of(sizes).distinct().count() > 1;
  }
}
