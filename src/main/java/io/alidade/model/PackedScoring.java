package io.alidade.model;

import io.alidade.batch.Readout;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Phase;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Likelihoods of a batch in two phases. Forward: hidden states of the packed tokens, then the head
/// for the few rows that predict a scored unit, chunk by chunk, keeping nothing of it. Backward:
/// the head again for each chunk, down to the gradient of the hidden states, and once through the
/// trunk.
final class PackedScoring implements Scoring {
  /// Linear maps of single hidden states, by readout.
  ///
  /// @param weights their weight, `[D, hidden]`
  record Linear(Map<Readout, Tensor> weights) {}

  /// The reference's side of a comparison of whole predictions.
  ///
  /// @param projection to its logits
  /// @param hidden its hidden states of the tokens that are needed, `[T, hidden]`
  record Other(Projection projection, Tensor hidden) {
    /// Its log-probabilities of some rows, `[R, V]`.
    Tensor logP(Tensor indices) {
      return Grad.off(
          () -> torch.log_softmax(projection.logits(hidden.index_select(0, indices)), 1));
    }
  }

  /// How rows go through the head.
  ///
  /// @param count of chunks
  /// @param keep whether their probabilities are kept for the backward pass
  record Chunks(int count, boolean keep) {}

  /// Numbers a unit.
  ///
  /// @param hidden of a hidden state
  /// @param likeliest K, how many of the likeliest tokens can be reported
  record Widths(long hidden, long likeliest) {}

  private static final Set<Readout> NO_GRADIENT =
      Set.of(Readout.TOP_ONE, Readout.HIDDEN, Readout.LIKELIEST_UNITS);

  private final Placement placement;
  private final Projection projection;
  private final Optional<Other> other;
  private final Chunks chunks;
  private final Linear linear;
  private final Map<Readout, Tensor> outputs = new EnumMap<>(Readout.class);
  private final Optional<Trunk.Run> run;
  private final Optional<Tensor> rows; // [S + last, hidden] without a graph
  private final Map<Integer, Projection.Kept> kept = new HashMap<>(); // by the chunk's first row
  private final Map<Integer, Tensor> likeliest = new HashMap<>(); // [R, K] int64, likewise
  private final Extent extent;
  private boolean spent;

  /// Computes the first phase.
  ///
  /// @param other what predictions are compared with, if the divergence is asked for
  /// @param run the forward pass, if there was anything to compute
  /// @param hidden its result, `[T, hidden]`
  /// @param candidates N
  /// @param units U
  /// @param widths of readouts with several numbers a unit
  /// @param extent of the pass
  PackedScoring(
      Placement placement,
      Projection projection,
      Optional<Other> other,
      Chunks chunks,
      Linear linear,
      Optional<Trunk.Run> run,
      Optional<Tensor> hidden,
      Set<Readout> readouts,
      int candidates,
      int units,
      Widths widths,
      Extent extent) {
    this.placement = placement;
    this.projection = projection;
    this.other = other;
    this.chunks = chunks;
    this.linear = linear;
    this.run = run;
    this.extent = extent;
    rows = hidden.map(all -> Grad.off(() -> all.detach().index_select(0, selected())));
    var ofLogits = EnumSet.noneOf(Readout.class);
    for (var readout : readouts) {
      if (Projection.OF_LOGITS.contains(readout)) {
        ofLogits.add(readout);
      }
      outputs.put(
          readout,
          switch (readout) {
            case REWARD, PROMPT ->
                Ops.zeros(projection.wide(), candidates, weight(readout).size(0));
            case HIDDEN -> Ops.zeros(projection.wide(), candidates, units, widths.hidden());
            case LIKELIEST, LIKELIEST_UNITS ->
                Ops.zeros(projection.wide(), candidates, units, widths.likeliest());
            default -> Ops.zeros(projection.wide(), candidates, units);
          });
    }
    if (placement.rows().length > 0) {
      if (!ofLogits.isEmpty()) {
        readLogits(ofLogits);
      }
      if (readouts.contains(Readout.VALUE)) {
        place(Readout.VALUE, cells(0, placement.cells().length), values(predicting()));
      }
    }
    if (readouts.contains(Readout.HIDDEN) && placement.rows().length > 0) {
      hidden();
    }
    if (readouts.contains(Readout.REWARD)) {
      outputs.put(Readout.REWARD, rewards(states(Readout.REWARD)));
    }
    if (readouts.contains(Readout.PROMPT)) {
      outputs.put(Readout.PROMPT, rewards(states(Readout.PROMPT)));
    }
  }

  private Tensor weight(Readout readout) {
    var weight = linear.weights().get(readout == Readout.PROMPT ? Readout.REWARD : readout);
    if (weight == null) {
      throw new IllegalStateException("no head for " + readout);
    }
    return weight;
  }

  private Tensor selected() {
    return Ops.indices(placement.asked());
  }

  private Tensor predicting() {
    return rows.orElseThrow().narrow(0, 0, placement.rows().length);
  }

  /// The hidden states that a head without logits reads.
  private Tensor states(Readout readout) {
    return switch (readout) {
      case REWARD -> rows.orElseThrow().narrow(0, first(readout), placement.last().length);
      case PROMPT -> rows.orElseThrow().narrow(0, first(readout), placement.before().length);
      default -> predicting();
    };
  }

  /// Where these begin among all that are selected.
  private int first(Readout readout) {
    return switch (readout) {
      case REWARD -> placement.rows().length;
      case PROMPT -> placement.rows().length + placement.last().length;
      default -> 0;
    };
  }

  private Tensor cells(int from, int count) {
    return Ops.indices(java.util.Arrays.copyOfRange(placement.cells(), from, from + count));
  }

  private Tensor targets(int from, int count) {
    return Ops.indices(java.util.Arrays.copyOfRange(placement.targets(), from, from + count));
  }

  /// The reference's log-probabilities of a chunk, if they are needed.
  private Optional<Tensor> others(int from, int count) {
    return other.map(o ->
        o.logP(Ops.indices(java.util.Arrays.copyOfRange(placement.rows(), from, from + count))));
  }

  private void place(Readout readout, Tensor cells, Tensor values) {
    var output = outputs.get(readout);
    if (output != null) {
      (readout.wide() ? output.view(-1, output.size(2)) : output.view(-1))
          .index_copy_(0, cells, values);
    }
  }

  /// A chunk of rows at a time, each in a step of its own.
  private void inChunks(Phase phase, BiConsumer<Integer, Integer> work) {
    int all = placement.rows().length;
    int most = Math.ceilDiv(all, chunks.count());
    for (int from = 0; from < all; from += most) {
      try (var _ = phase.begin()) {
        work.accept(from, Math.min(most, all - from));
      }
    }
  }

  private void readLogits(Set<Readout> readouts) {
    boolean keep = run.isPresent() && chunks.keep();
    inChunks(
        Phase.PROJECTION,
        (from, count) -> {
          var out =
              Step.innerAll(() -> {
                var read =
                    projection.read(
                        predicting().narrow(0, from, count),
                        targets(from, count),
                        readouts,
                        others(from, count));
                read.values()
                    .forEach((readout, values) -> place(readout, cells(from, count), values));
                var left = new HashMap<String, Tensor>();
                if (keep) {
                  left.put("e", read.kept().exponentials());
                  left.put("sum", read.kept().sum());
                }
                if (run.isPresent() && readouts.contains(Readout.LIKELIEST)) {
                  var units = read.values().get(Readout.LIKELIEST_UNITS);
                  left.put("likeliest", Objects.requireNonNull(units).to(ScalarType.Long));
                }
                return left;
              });
          if (out.containsKey("likeliest")) {
            likeliest.put(from, Objects.requireNonNull(out.get("likeliest")));
          }
          if (keep) {
            kept.put(
                from,
                new Projection.Kept(
                    Objects.requireNonNull(out.get("e")), Objects.requireNonNull(out.get("sum"))));
          }
        });
  }

  private Tensor values(Tensor hidden) {
    return Grad.off(
        () -> torch.linear(hidden, weight(Readout.VALUE)).to(projection.wide()).squeeze(1));
  }

  private void hidden() {
    var output = outputs.get(Readout.HIDDEN);
    if (output != null) {
      output
          .view(-1, output.size(2))
          .index_copy_(0, cells(0, placement.cells().length), predicting().to(projection.wide()));
    }
  }

  private Tensor rewards(Tensor hidden) {
    return Grad.off(() -> torch.linear(hidden, weight(Readout.REWARD)).to(projection.wide()));
  }

  @Override
  public Map<Readout, Tensor> outputs() {
    return Map.copyOf(outputs);
  }

  @Override
  public Extent extent() {
    return extent;
  }

  @Override
  public void backward(Map<Readout, Tensor> gradients) {
    if (spent) {
      throw new IllegalStateException("gradients were propagated already");
    }
    spent = true;
    if (run.isEmpty() && rows.isPresent()) {
      throw new IllegalStateException("this scoring was not differentiable");
    }
    if (run.isEmpty()) {
      return; // an empty batch: nothing was computed
    }
    try (var _ = new Step()) {
      var all = rows.orElseThrow();
      var toRows = torch.zeros_like(all);
      var flat = new HashMap<Readout, Tensor>();
      var single = new ArrayList<Readout>();
      for (var entry : gradients.entrySet()) {
        var readout = entry.getKey();
        if (!outputs.containsKey(readout)) {
          throw new IllegalStateException(readout + " was not read");
        }
        if (NO_GRADIENT.contains(readout)) {
          continue;
        }
        var gradient = entry.getValue().detach().to(projection.wide());
        if (readout == Readout.REWARD || readout == Readout.PROMPT) {
          flat.put(readout, gradient);
          single.add(readout);
        } else if (placement.rows().length > 0) {
          var table =
              readout.wide() ? gradient.reshape(-1, gradient.size(2)) : gradient.reshape(-1);
          flat.put(readout, table.index_select(0, cells(0, placement.cells().length)));
          if (readout == Readout.VALUE) {
            single.add(readout);
          }
        }
      }
      var ofLogits = new HashMap<>(flat);
      ofLogits.keySet().retainAll(Projection.OF_LOGITS);
      if (!ofLogits.isEmpty()) {
        backLogits(ofLogits, toRows);
      }
      for (var readout : single) {
        backSingle(readout, flat, toRows);
      }
      var hidden = run.orElseThrow().hidden();
      var toHidden = torch.zeros_like(hidden.detach()).index_add_(0, selected(), toRows);
      try (var _ = Phase.BACKWARD.begin()) {
        run.orElseThrow().backward(toHidden);
      }
    }
  }

  private void backLogits(Map<Readout, Tensor> gradients, Tensor toRows) {
    inChunks(
        Phase.PROJECTION_BACKWARD,
        (from, count) -> {
          var ready = Optional.ofNullable(kept.remove(from));
          try (var _ = new Step()) {
            var chunk = new EnumMap<Readout, Tensor>(Readout.class);
            gradients.forEach((readout, g) -> chunk.put(readout, g.narrow(0, from, count)));
            var back =
                projection.backward(
                    predicting().narrow(0, from, count),
                    targets(from, count),
                    chunk,
                    Optional.ofNullable(likeliest.get(from)),
                    ready,
                    chunk.containsKey(Readout.DIVERGENCE) ? others(from, count) : Optional.empty());
            toRows.narrow(0, from, count).add_(back);
          }
          ready.ifPresent(Projection.Kept::close);
        });
  }

  private void backSingle(Readout readout, Map<Readout, Tensor> gradients, Tensor toRows) {
    var hidden = states(readout);
    if (hidden.size(0) == 0) {
      return;
    }
    var weight = weight(readout);
    var gradient = gradients.get(readout);
    if (gradient == null) {
      throw new IllegalStateException("no gradient for " + readout);
    }
    var toOutput = gradient.reshape(hidden.size(0), -1).to(hidden.scalar_type());
    if (weight.requires_grad()) {
      Grad.addProduct(weight, toOutput.t(), hidden);
    }
    toRows.narrow(0, first(readout), hidden.size(0)).add_(toOutput.mm(weight.detach()));
  }
}
