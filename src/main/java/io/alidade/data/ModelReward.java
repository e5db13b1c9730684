package io.alidade.data;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.example.Signal;
import java.util.Arrays;
import java.util.Optional;

/// Gives each answer the reward of a reward model: what another objective thinks of it (MODPO, Zhou
/// et al. 2023, its margin rewards).
///
/// @param column the signal's name
/// @param model folder or hub name of a reward model, as recipe `reward` trains it; where it is
///   absent, the data must carry the column
/// @param scale multiplies the model's output, positive; choose it so that the sigmoid of a
///   difference fits held-out comparisons, or the weights of the objectives lose their meaning
public record ModelReward(
    @Default("reward") String column, Optional<String> model, @Default("1.0") double scale)
    implements Strategy {
  /// Checks the range.
  public ModelReward {
    Check.positive("scale", scale);
  }

  @Override
  public Outline outline(Outline given) {
    return ModelScores.outline(
        given, "ModelReward", model.isPresent(), Signal.perCandidate(column));
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    if (model.isEmpty()) {
      return rows;
    }
    double[][] rewards = ModelScores.rewards("ModelReward", model.get(), rows, setting);
    for (double[] row : rewards) {
      Arrays.setAll(row, k -> scale * row[k]);
    }
    return ModelScores.with(rows, "ModelReward", Signal.perCandidate(column), rewards);
  }
}
