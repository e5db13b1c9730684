package io.alidade.judge;

import io.alidade.Check;
import io.alidade.UserException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A general preference model (Zhang et al. 2024, arXiv:2410.02197): each answer is a vector of an
/// even number of places, and a fixed form of two vectors is the log-odds of a preference, which
/// may run in a circle.
///
/// @param model a checkpoint whose reward head has an even number of outputs, a run, or `org/name`
/// @param tau what scores are divided by, positive; 0.1 in the paper
/// @param normalised whether vectors are brought to length 1, which bounds scores by `1 / tau`
/// @param maxLength tokens of prompt and answer together; longer ones are not judged
public record PreferenceModel(
    String model, double tau, boolean normalised, Optional<Integer> maxLength) implements Judge {
  /// Checks the ranges.
  public PreferenceModel {
    Check.positive("tau", tau);
    maxLength.ifPresent(length -> Check.atLeast("max_length", 2, length));
  }

  @Override
  public Sitting open(Consumer<String> log) {
    var reader = new RewardReader(model, RewardModel.limit(maxLength), log);
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        var verdicts = new ArrayList<Verdict>();
        for (var vectors : reader.outputs(cases)) {
          verdicts.add(new Verdict.Scores(scores(reader, vectors)));
        }
        return verdicts;
      }

      @Override
      public void close() {
        reader.close();
      }
    };
  }

  private double[][] scores(RewardReader reader, double[][] vectors) {
    boolean read = vectors.length > 0 && !Double.isNaN(vectors[0][0]);
    if (read && vectors[0].length % 2 != 0) {
      throw new UserException(
          "%s: the head has %d outputs, a preference model has an even number; is it a reward model?"
              .formatted(reader.name(), vectors[0].length));
    }
    if (vectors.length > 0 && vectors[0].length % 2 != 0) {
      var nothing = new double[vectors.length][vectors.length];
      Arrays.stream(nothing).forEach(row -> Arrays.fill(row, Double.NaN));
      return nothing;
    }
    return PreferenceSpace.scores(
        normalised
            ? Arrays.stream(vectors).map(PreferenceSpace::unit).toArray(double[][]::new)
            : vectors,
        tau);
  }
}
