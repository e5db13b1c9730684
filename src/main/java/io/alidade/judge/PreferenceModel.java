package io.alidade.judge;

import io.alidade.Check;
import io.alidade.Default;
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
/// @param model a checkpoint whose reward head has an even number of outputs, a run, or `org/name`;
///   with gates, three outputs for each block of two places
/// @param tau what scores are divided by, positive; 0.1 in the paper
/// @param normalised whether vectors are brought to length 1, which bounds scores by `1 / tau`
/// @param gated whether the last third of the outputs, read at the end of the prompt, weighs the
///   blocks: as the model was trained
/// @param maxLength tokens of prompt and answer together; longer ones are not judged
public record PreferenceModel(
    String model,
    double tau,
    boolean normalised,
    @Default("false") boolean gated,
    Optional<Integer> maxLength)
    implements Judge {
  /// Checks the ranges.
  public PreferenceModel {
    Check.positive("tau", tau);
    maxLength.ifPresent(length -> Check.atLeast("max_length", 2, length));
  }

  @Override
  public Sitting open(Consumer<String> log) {
    var reader = new RewardReader(model, RewardModel.limit(maxLength), gated, log);
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

  private double[][] scores(RewardReader reader, double[][] outputs) {
    int width = outputs.length == 0 ? 0 : outputs[0].length;
    boolean read = outputs.length > 0 && !Double.isNaN(outputs[0][0]);
    if (width % (gated ? 3 : 2) != 0) {
      if (read) {
        throw new UserException(
            "%s: the head has %d outputs, a preference model has %s; is it a reward model?"
                .formatted(
                    reader.name(),
                    width,
                    gated ? "three for each block where it is gated" : "an even number"));
      }
      var nothing = new double[outputs.length][outputs.length];
      Arrays.stream(nothing).forEach(row -> Arrays.fill(row, Double.NaN));
      return nothing;
    }
    int places = gated ? width / 3 * 2 : width;
    var vectors = new double[outputs.length][];
    Arrays.setAll(vectors, i -> Arrays.copyOf(outputs[i], places));
    var gates =
        Arrays.stream(outputs)
            .filter(row -> !Double.isNaN(row[0]))
            .findFirst()
            .map(row -> PreferenceSpace.gates(Arrays.copyOfRange(row, places, width)))
            .orElse(new double[0]);
    return PreferenceSpace.scores(
        normalised
            ? Arrays.stream(vectors).map(PreferenceSpace::unit).toArray(double[][]::new)
            : vectors,
        tau,
        gates);
  }
}
