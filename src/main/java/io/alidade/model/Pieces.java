package io.alidade.model;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;

/// A scoring of a batch that no pass could hold: its candidates are scored piece by piece with
/// nothing kept, and once the objective has said what it makes of all of them, each piece is scored
/// again and gone through backward. So a group of any size takes the memory of a piece, for one
/// more pass forward.
final class Pieces implements Scoring {
  /// Scores a piece, with the same random numbers each time.
  @FunctionalInterface
  interface Pass {
    /// @param piece its number
    Scoring score(int piece, boolean differentiable);
  }

  private final List<Integer> candidates;
  private final Pass pass;
  private final Map<Readout, Tensor> outputs = new EnumMap<>(Readout.class);
  private Extent extent = Extent.NONE;
  private boolean spent;

  /// Computes the first phase.
  ///
  /// @param candidates of each piece, in order
  Pieces(List<Integer> candidates, Pass pass) {
    this.candidates = candidates;
    this.pass = pass;
    var parts = new ArrayList<Map<Readout, Tensor>>();
    for (int piece = 0; piece < candidates.size(); piece++) {
      int number = piece;
      parts.add(
          Step.innerAll(() -> {
            var scoring = pass.score(number, false);
            extent = extent.plus(scoring.extent());
            return scoring.outputs();
          }));
    }
    for (var readout : parts.getFirst().keySet()) {
      outputs.put(
          readout,
          Ops.concatenate(
              parts.stream().map(part -> Objects.requireNonNull(part.get(readout))).toList(), 0));
    }
  }

  /// Cuts a batch into pieces of at most so many tokens, each with neighbouring candidates and the
  /// prompts that these continue; a candidate that is longer is a piece of its own.
  static List<Batch> of(Batch batch, long tokens) {
    var pieces = new ArrayList<Batch>();
    var groups = new ArrayList<Group>(); // of the piece that is being filled
    long held = 0;
    for (var group : batch.groups()) {
      var own = new ArrayList<Completion>();
      for (var candidate : group.candidates()) {
        int more = candidate.tokens().length + (own.isEmpty() ? group.prompt().length : 0);
        if (held > 0 && held + more > tokens) {
          close(groups, group, own);
          pieces.add(new Batch(groups));
          groups.clear();
          held = 0;
          more = candidate.tokens().length + group.prompt().length;
        }
        own.add(candidate);
        held += more;
      }
      close(groups, group, own);
    }
    if (!groups.isEmpty()) {
      pieces.add(new Batch(groups));
    }
    return pieces;
  }

  /// Ends the part of a group that belongs to a piece.
  private static void close(List<Group> groups, Group whole, List<Completion> own) {
    if (!own.isEmpty()) {
      groups.add(new Group(whole.row(), whole.prompt(), List.copyOf(own), Map.of()));
      own.clear();
    }
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
    int from = 0;
    for (int piece = 0; piece < candidates.size(); piece++) {
      int first = from;
      int count = candidates.get(piece);
      try (var _ = new Step()) {
        var own = new EnumMap<Readout, Tensor>(Readout.class);
        gradients.forEach(
            (readout, gradient) -> own.put(readout, gradient.narrow(0, first, count)));
        pass.score(piece, true).backward(own);
      }
      from += count;
    }
  }
}
