package io.alidade.data;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.journal.Journal;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// Scores each pair with a reward model and keeps the margin, `h = scale (r(chosen) -
/// r(rejected))`, as a signal: negative where the model disagrees with the label (MADPO, 2025, its
/// second stage).
///
/// @param column the signal's name
/// @param model folder or hub name of a reward model, as recipe `reward` trains it; where it is
///   absent, the data must carry the column
/// @param scale logits per unit of reward, positive: a model whose rewards are not logits is
///   calibrated with it
public record RewardMargin(
    @Default("rm_margin") String column, Optional<String> model, @Default("1.0") double scale)
    implements Strategy {
  /// Checks the range.
  public RewardMargin {
    Check.positive("scale", scale);
  }

  @Override
  public Outline outline(Outline given) {
    if (given.form() != Form.PAIR) {
      throw new UserException(
          "%s: strategy RewardMargin scores pairs, these rows are %s; make pairs first (RankedPairs)"
              .formatted(given.source(), given.form().words()));
    }
    return ModelScores.outline(given, "RewardMargin", model.isPresent(), signal());
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    if (model.isEmpty()) {
      return rows;
    }
    double[][] rewards = ModelScores.rewards("RewardMargin", model.get(), rows, setting);
    double[][] margins = new double[rewards.length][];
    for (int i = 0; i < margins.length; i++) {
      margins[i] = new double[] {scale * (rewards[i][0] - rewards[i][1])};
    }
    tell(margins, setting.journal());
    return ModelScores.with(rows, "RewardMargin", signal(), margins);
  }

  private Signal signal() {
    return Signal.perGroup(column);
  }

  /// Quantiles and the share of pairs whose label the model doubts, from which the margin that is
  /// to be left as it is can be chosen.
  private void tell(double[][] margins, Journal journal) {
    double[] sorted = Arrays.stream(margins).mapToDouble(m -> m[0]).sorted().toArray();
    long doubted = Arrays.stream(sorted).filter(h -> h < 0).count();
    journal.message(
        String.format(
            Locale.ROOT,
            "%s: 10 %% of pairs below %.3g, half below %.3g, 90 %% below %.3g logits; the reward"
                + " model disagrees with %.1f %% of labels",
            column,
            quantile(sorted, 0.1),
            quantile(sorted, 0.5),
            quantile(sorted, 0.9),
            100.0 * doubted / sorted.length));
  }

  private static double quantile(double[] sorted, double share) {
    return sorted[(int) Math.round(share * (sorted.length - 1))];
  }
}
