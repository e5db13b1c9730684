package io.alidade.objective;

import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import java.util.List;

/// Any objective over pairs whose reference log-likelihoods come with the data, as sums over the
/// tokens of each answer, in the columns that TRL uses.
///
/// The sum is spread evenly over the tokens. Sums and means are exact; what looks at single
/// reference tokens (token weights, [LengthDesensitised]) is not, and needs a reference model.
///
/// @param objective one that would need a reference
public record PrecomputedReference(Objective objective) implements Objective {
  /// Log-likelihood of the chosen answer under the reference, nats.
  static final Signal CHOSEN = Signal.perGroup("ref_chosen_logps");

  /// Log-likelihood of the rejected answer under the reference, nats.
  static final Signal REJECTED = Signal.perGroup("ref_rejected_logps");

  /// Checks that there are pairs and a reference.
  public PrecomputedReference {
    var needs = objective.needs();
    if (!needs.reference() || !needs.onlyPairs()) {
      throw new IllegalArgumentException(
          "objective must learn from pairs alone with a reference, %s does not"
              .formatted(objective.getClass().getSimpleName()));
    }
  }

  @Override
  public Needs needs() {
    return objective.needs().withoutReference().with(CHOSEN, REJECTED);
  }

  @Override
  public Loss loss(Scored batch) {
    var sides = Ops.stack(List.of(batch.signal(CHOSEN), batch.signal(REJECTED))); // [2, G]
    var totals = sides.t().reshape(batch.candidates(), 1); // [N, 1]
    var length = Ops.atLeast(batch.mask().sum(1), 1).unsqueeze(1); // [N, 1]
    return objective.loss(batch.withReference(totals.div(length).mul(batch.mask())));
  }
}
