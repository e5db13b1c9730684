package io.alidade.objective;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;

/// A reward model of several objectives from ratings (DPA, Wang et al. 2024, arXiv:2402.18571,
/// section 3.1).
///
/// `1/|M| sum_{j in M} (r_j - label_j)^2`, with `r_j` output j of a reward head and `M` the
/// attributes that were rated: one that is missing has neither loss nor gradient. An answer without
/// any rating costs nothing.
///
/// Gradient with respect to output j of a rated attribute: `2 (r_j - label_j) / |M|`.
///
/// @param attributes names of the ratings, one an output; at least one, no name twice
public record MultiObjectiveReward(List<String> attributes) implements Objective {
  /// Checks the names.
  public MultiObjectiveReward {
    if (attributes.isEmpty() || new HashSet<>(attributes).size() < attributes.size()) {
      throw new IllegalArgumentException(
          "attributes must name at least one rating, each once; was " + attributes);
    }
    attributes = List.copyOf(attributes);
  }

  private Signal[] ratings() {
    return attributes.stream().map(Signal::perGroup).toArray(Signal[]::new);
  }

  @Override
  public Needs needs() {
    return Needs.demonstrations()
        .readingOnly(Readout.REWARD)
        .outputs(attributes.size())
        .with(ratings());
  }

  @Override
  public Loss loss(Scored batch) {
    var outputs = batch.readout(Readout.REWARD); // [N, m]; a candidate a group, so N = G
    if (outputs.size(1) != attributes.size()) {
      throw new IllegalStateException(
          "a reward head with %d outputs is needed, this one has %d"
              .formatted(attributes.size(), outputs.size(1)));
    }
    var labels = Ops.stack(Arrays.stream(ratings()).map(batch::signal).toList()).t(); // [N, m]
    var rated = labels.isnan().logical_not(); // [N, m]
    var known = rated.to(outputs.scalar_type());
    var error = torch.where(rated, outputs.sub(labels), new Scalar(0.0)); // [N, m]
    var count = Ops.atLeast(known.sum(1), 1); // [N], |M|
    return Loss.mean(error.square().sum(1).div(count))
        .metric("rating/absolute_error", error.abs(), known);
  }
}
