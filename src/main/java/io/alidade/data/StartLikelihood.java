package io.alidade.data;

import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.example.Signal;

/// Gives each answer its log-likelihood under the model that training starts from, summed over
/// tokens, nats: a measure of difficulty for [Curriculum].
///
/// @param column the signal's name
public record StartLikelihood(@Default("start_logps") String column) implements Strategy {
  @Override
  public Outline outline(Outline given) {
    var signal = Signal.perCandidate(column);
    if (given.signals().contains(signal)) {
      throw new UserException(
          "%s has a column '%s' already, and strategy StartLikelihood would compute it; rename it"
              .formatted(given.source(), column));
    }
    return given.with(signal);
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    double[][] values =
        ModelScores.likelihoods(
            "StartLikelihood", setting.start(), rows, setting.encoder(), setting);
    return ModelScores.with(rows, "StartLikelihood", Signal.perCandidate(column), values);
  }
}
