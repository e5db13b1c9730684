package io.alidade.learning;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.model.Scorer;
import io.alidade.model.Scoring;
import io.alidade.objective.Loss;
import io.alidade.objective.Needs;
import io.alidade.objective.Objective;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Phase;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// One batch through policy, reference and objective. Called inside a step.
///
/// The likelihoods that the objective sees are leaves: its gradient with respect to them is taken
/// first, and goes back through the model afterwards.
final class Pass {
  private final Objective objective;
  private final Needs needs;
  private final Scorer policy;
  private final Optional<Scorer> reference;
  private final Set<Readout> watched;

  /// @param watched readouts that are wanted for metrics beside those that the objective needs
  Pass(Objective objective, Scorer policy, Optional<Scorer> reference, Set<Readout> watched) {
    this.objective = objective;
    this.needs = objective.needs();
    this.policy = policy;
    this.reference = reference;
    this.watched = watched;
  }

  /// What a pass found.
  record Result(Loss loss, Map<Readout, Tensor> outputs, Tensor mask, Scoring.Extent extent) {}

  /// The loss of a batch, without a graph.
  Result evaluate(Batch batch, Map<String, Double> memory) {
    return Grad.off(() -> {
      var scoring = policy.score(batch, readouts(), false);
      var scored = scored(batch, scoring.outputs(), memory);
      return new Result(objective.loss(scored), scoring.outputs(), scored.mask(), scoring.extent());
    });
  }

  /// The loss of a batch, with its gradient added to the policy's parameters.
  ///
  /// @param weights what each term of the loss is divided by; see [#weights(Batch)]
  Result differentiate(Batch batch, Map<String, Double> memory, List<Double> weights) {
    var scoring = policy.score(batch, readouts(), true);
    var leaves = new EnumMap<Readout, Tensor>(Readout.class);
    for (var readout : needs.readouts()) {
      leaves.put(readout, Grad.leaf(output(scoring, readout)));
    }
    var scored = scored(batch, leaves, memory);
    var loss = Grad.on(() -> objective.loss(scored));
    Tensor total = null;
    for (int t = 0; t < loss.terms().size(); t++) {
      var term = loss.terms().get(t);
      var mean = Ops.times(term.sum(), share(term, weights.get(t)));
      total = total == null ? mean : total.add(mean);
    }
    if (total != null && Double.isFinite(Ops.number(total))) {
      var order = new ArrayList<>(leaves.keySet());
      var gradients = Grad.of(total, order.stream().map(leaves::get).toList());
      var byReadout = new EnumMap<Readout, Tensor>(Readout.class);
      for (int i = 0; i < order.size(); i++) {
        byReadout.put(order.get(i), gradients.get(i));
      }
      scoring.backward(byReadout);
    }
    return new Result(loss, scoring.outputs(), scored.mask(), scoring.extent());
  }

  /// What a term's sum is multiplied by: its coefficient over its weight, and 0 for a mean over
  /// nothing.
  static double share(Loss.Term term, double weight) {
    return weight == 0 ? 0 : term.coefficient() / weight;
  }

  /// What each term of the loss of this batch is divided by. Weights depend on the data alone, so
  /// an empty model finds them.
  List<Double> weights(Batch batch) {
    return Grad.off(() -> {
      var zeros = new EnumMap<Readout, Tensor>(Readout.class);
      for (var readout : needs.readouts()) {
        zeros.put(
            readout,
            switch (readout) {
              case REWARD, PROMPT ->
                  Ops.zeros(ScalarType.Float, batch.candidates(), needs.outputs());
              case HIDDEN, LIKELIEST, LIKELIEST_UNITS ->
                  Ops.zeros(ScalarType.Float, batch.candidates(), batch.units(), width(readout));
              default -> Ops.zeros(ScalarType.Float, batch.candidates(), batch.units());
            });
      }
      var scored =
          assemble(
              batch,
              zeros,
              needs.referenceReadouts().stream()
                  .collect(
                      Collectors.toMap(
                          Function.identity(),
                          _ -> Ops.zeros(ScalarType.Float, batch.candidates(), batch.units()))),
              Map.of());
      return objective.loss(scored).terms().stream().map(Loss.Term::weight).toList();
    });
  }

  private static long width(Readout readout) {
    return readout == Readout.HIDDEN ? 1 : Readout.MOST;
  }

  private Set<Readout> readouts() {
    var all = EnumSet.copyOf(needs.readouts());
    all.addAll(watched);
    return all;
  }

  private Scored scored(Batch batch, Map<Readout, Tensor> outputs, Map<String, Double> memory) {
    var frozen = new EnumMap<Readout, Tensor>(Readout.class);
    if (needs.reference()) {
      var scorer =
          reference.orElseThrow(
              () -> new IllegalStateException("the objective needs a reference, none was opened"));
      Grad.off(() -> {
        try (var _ = Phase.REFERENCE.begin()) {
          var scoring = scorer.score(batch, needs.referenceReadouts(), false);
          needs.referenceReadouts().forEach(r -> frozen.put(r, output(scoring, r)));
          return frozen;
        }
      });
    }
    return assemble(batch, outputs, frozen, memory);
  }

  private Scored assemble(
      Batch batch,
      Map<Readout, Tensor> outputs,
      Map<Readout, Tensor> frozen,
      Map<String, Double> memory) {
    var type = outputs.values().iterator().next().scalar_type();
    int candidates = batch.candidates();
    int units = batch.units();
    var mask = Ops.doubles(batch.mask(), candidates, units).to(type);
    var readouts = new LinkedHashMap<Readout, Tensor>();
    for (var readout : needs.readouts()) {
      readouts.put(readout, outputs.get(readout));
    }
    var signals = new HashMap<Signal, Tensor>();
    for (var signal : needs.signals()) {
      var values = batch.signal(signal);
      var tensor =
          switch (signal.scope()) {
            case GROUP, CANDIDATE -> Ops.doubles(values, values.length);
            case UNIT -> Ops.doubles(values, candidates, units);
          };
      signals.put(signal, tensor.to(type));
    }
    var sizes = batch.groups().stream().mapToInt(g -> g.candidates().size()).toArray();
    return new Scored(sizes, mask, readouts, frozen, signals, memory);
  }

  private static Tensor output(Scoring scoring, Readout readout) {
    var tensor = scoring.outputs().get(readout);
    if (tensor == null) {
      throw new IllegalStateException("the model did not report " + readout);
    }
    return tensor;
  }

  /// Whether every value of a tensor is finite.
  static boolean finite(Tensor tensor) {
    return Ops.number(torch.isfinite(tensor).all()) != 0;
  }
}
