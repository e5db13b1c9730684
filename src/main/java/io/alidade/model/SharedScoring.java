package io.alidade.model;

import io.alidade.batch.Readout;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Shares;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import org.bytedeco.pytorch.Tensor;

/// A scoring whose groups are spread over threads, each with a pass of its own.
final class SharedScoring implements Scoring {
  private final List<Integer> candidates;
  private final Shares shares;
  private final List<Scoring> parts;
  private boolean differentiable;
  private final Map<Readout, Tensor> outputs = new EnumMap<>(Readout.class);

  private SharedScoring(
      List<Integer> candidates, Shares shares, List<Scoring> parts, boolean differentiable) {
    this.candidates = candidates;
    this.shares = shares;
    this.parts = parts;
    this.differentiable = differentiable;
    for (var readout : parts.getFirst().outputs().keySet()) {
      outputs.put(
          readout,
          Ops.concatenate(
              parts.stream()
                  .map(part -> Objects.requireNonNull(part.outputs().get(readout)))
                  .toList(),
              0));
    }
  }

  /// Computes the first phase.
  ///
  /// @param candidates of each share, in order
  /// @param share gives the scoring of a share, by its number
  static Scoring of(List<Integer> candidates, IntFunction<Scoring> share, boolean differentiable) {
    var shares = new Shares(candidates.size());
    var scoring = new SharedScoring(candidates, shares, shares.each(share), differentiable);
    if (!differentiable) {
      shares.close();
    }
    return scoring;
  }

  @Override
  public Map<Readout, Tensor> outputs() {
    return Map.copyOf(outputs);
  }

  @Override
  public Extent extent() {
    return parts.stream().map(Scoring::extent).reduce(Extent.NONE, Extent::plus);
  }

  @Override
  public void backward(Map<Readout, Tensor> gradients) {
    if (!differentiable) {
      throw new IllegalStateException(
          "this scoring was not differentiable, or gradients were propagated already");
    }
    differentiable = false; // once only
    shares.each(share -> {
      int from = candidates.subList(0, share).stream().mapToInt(Integer::intValue).sum();
      var own = new EnumMap<Readout, Tensor>(Readout.class);
      gradients.forEach(
          (readout, gradient) -> own.put(readout, gradient.narrow(0, from, candidates.get(share))));
      parts.get(share).backward(own);
      return share;
    });
    shares.close();
  }
}
