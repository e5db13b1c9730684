package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import java.util.List;

/// A weighted sum of objectives over the same examples, as in mixed preference optimization (Wang
/// et al. 2024, arXiv:2411.10442: DPO 0.8, BCO 0.2, fine-tuning 1).
///
/// `sum_k w_k L_k`. Each term keeps its own mean (over pairs or over tokens). Where two report a
/// metric of the same name, the later one's is kept.
///
/// @param parts the objectives with their weights, at least one
public record Mixture(List<Part> parts) implements Objective {
  /// One term.
  ///
  /// @param weight what its loss is multiplied by, finite
  /// @param objective the loss
  public record Part(double weight, Objective objective) {
    /// Checks the range.
    public Part {
      Check.finite("weight", weight);
    }
  }

  /// Checks that the parts learn from the same kind of examples.
  public Mixture {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("parts must hold at least one objective, was empty");
    }
    parts = List.copyOf(parts);
    needs(parts);
  }

  @Override
  public Needs needs() {
    return needs(parts);
  }

  private static Needs needs(List<Part> parts) {
    return parts.stream().map(p -> p.objective.needs()).reduce(Needs::and).orElseThrow();
  }

  @Override
  public Loss loss(Scored batch) {
    var first = parts.getFirst();
    var total = first.objective.loss(batch).times(first.weight);
    for (var part : parts.subList(1, parts.size())) {
      total = total.plus(part.weight, part.objective.loss(batch));
    }
    return total;
  }
}
