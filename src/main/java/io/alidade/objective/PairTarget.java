package io.alidade.objective;

import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// A pair with a soft label: the first answer is preferred with probability `p_pref`, which is 1
/// for a hard label.
public record PairTarget() implements Target {
  /// Probability that the first answer is the better one.
  static final Signal PREFERENCE = Signal.perGroup("p_pref");

  @Override
  public Needs needs() {
    return Needs.pairs().with(PREFERENCE);
  }

  @Override
  public Tensor probabilities(Scored batch) {
    var first = batch.signal(PREFERENCE); // [G]
    return Ops.stack(List.of(first, Ops.plus(first.neg(), 1))).t(); // [G, 2]
  }
}
