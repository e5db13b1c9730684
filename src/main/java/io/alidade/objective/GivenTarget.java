package io.alidade.objective;

import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import org.bytedeco.pytorch.Tensor;

/// A target distribution that comes with the data: a teacher's, say.
public record GivenTarget() implements Target {
  /// Probability of each answer within its list.
  static final Signal TARGET = Signal.perCandidate("target");

  @Override
  public Needs needs() {
    return Needs.rankings().with(TARGET);
  }

  @Override
  public Tensor probabilities(Scored batch) {
    return batch.byGroup(batch.signal(TARGET));
  }
}
