package io.alidade.judge;

import io.alidade.Check;
import io.alidade.UserException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/// A trained reward model: of one output (Bradley and Terry 1952; Ouyang et al. 2022,
/// arXiv:2203.02155), or of several objectives along a direction (Wang et al. 2024, DPA,
/// arXiv:2402.18571).
///
/// The reward is `w . r / temperature`; each objective stays visible as `objective/1`,
/// `objective/2`, …
///
/// @param model a checkpoint, a run, an adapter's folder, or `org/name` on the hub
/// @param weights one an output; `[1]` for a model of one
/// @param temperature what differences are divided by to become log-odds, positive
/// @param maxLength tokens of prompt and answer together; longer ones are not judged
public record RewardModel(
    String model, List<Double> weights, double temperature, Optional<Integer> maxLength)
    implements Judge {
  /// Checks the ranges.
  public RewardModel {
    Check.positive("temperature", temperature);
    maxLength.ifPresent(length -> Check.atLeast("max_length", 2, length));
    weights.forEach(weight -> Check.finite("weights", weight));
    weights = List.copyOf(weights);
  }

  /// A model of one output, as it is.
  public RewardModel(String model) {
    this(model, List.of(1.0), 1, Optional.empty());
  }

  @Override
  public Sitting open(Consumer<String> log) {
    var reader = new RewardReader(model, limit(maxLength), log);
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        var outputs = reader.outputs(cases);
        return java.util.stream.IntStream.range(0, cases.size())
            .mapToObj(c -> verdict(reader, cases.get(c), outputs.get(c), log))
            .toList();
      }

      @Override
      public void close() {
        reader.close();
      }
    };
  }

  static OptionalInt limit(Optional<Integer> length) {
    return length.map(OptionalInt::of).orElse(OptionalInt.empty());
  }

  private Verdict verdict(RewardReader reader, Case one, double[][] rows, Consumer<String> log) {
    if (rows.length > 0 && rows[0].length != weights.size()) {
      boolean unread = Double.isNaN(rows[0][0]);
      if (!unread) {
        throw new UserException(
            "%s: the head has %d outputs and the judge %d weights; give one each"
                .formatted(reader.name(), rows[0].length, weights.size()));
      }
    }
    Consumer<String> once = unread(rows) ? _ -> {} : log; // the reader has said why
    var verdict = Rewarded.verdict(one, i -> reward(rows[i]), once);
    for (int d = 0; weights.size() > 1 && d < weights.size(); d++) {
      var part = new double[rows.length];
      for (int i = 0; i < part.length; i++) {
        part[i] = d < rows[i].length ? rows[i][d] : Double.NaN;
      }
      verdict = verdict.with("objective/" + (d + 1), part);
    }
    return verdict;
  }

  private static boolean unread(double[][] rows) {
    return java.util.Arrays.stream(rows).anyMatch(row -> Double.isNaN(row[0]));
  }

  private double reward(double[] outputs) {
    double sum = 0;
    for (int d = 0; d < outputs.length && d < weights.size(); d++) {
      sum += weights.get(d) * outputs[d];
    }
    return sum / temperature;
  }
}
