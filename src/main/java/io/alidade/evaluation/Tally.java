package io.alidade.evaluation;

import io.alidade.example.Form;
import java.util.Arrays;
import java.util.Optional;

/// Adds up scores of rows. Every two candidates of a row of which one is better make a pair: one of
/// a pair, `K (K - 1) / 2` of a ranking.
final class Tally {
  private final boolean ordered;
  private int rows;
  private int dropped;
  private double logps;
  private long tokens;
  private final Pairs byLogp = new Pairs();
  private final Pairs byReward = new Pairs();

  Tally(Form form) {
    ordered = form == Form.PAIR || form == Form.RANKING;
  }

  /// Pairs of candidates by one measure.
  private static final class Pairs {
    final CalibrationError calibration = new CalibrationError();
    long count;
    long right;
    double margins;

    /// @param bestFirst the measure of each candidate
    /// @param tokens of each, if the measure is a log-likelihood
    void add(double[] bestFirst, Optional<int[]> tokens) {
      for (int better = 0; better < bestFirst.length; better++) {
        for (int worse = better + 1; worse < bestFirst.length; worse++) {
          double margin = bestFirst[better] - bestFirst[worse];
          count++;
          right += margin > 0 ? 1 : 0;
          margins += margin;
          if (tokens.isPresent()) {
            calibration.addGeneration(
                bestFirst[better] / Math.max(1, tokens.get()[better]),
                bestFirst[worse] / Math.max(1, tokens.get()[worse]));
          } else {
            calibration.addPreference(margin);
          }
        }
      }
    }

    Optional<ScoreSummary.Preference> preference() {
      return count == 0
          ? Optional.empty()
          : Optional.of(
              new ScoreSummary.Preference(
                  count, (double) right / count, margins / count, calibration.value()));
    }
  }

  void dropped() {
    rows++;
    dropped++;
  }

  void add(RowScores.Scores scores) {
    rows++;
    double[] sums = RowScores.Scores.sums(scores.logps());
    logps += Arrays.stream(sums).sum();
    tokens += Arrays.stream(scores.tokens()).sum();
    if (ordered) {
      byLogp.add(sums, Optional.of(scores.tokens()));
      byReward.add(scores.rewards(), Optional.empty());
    }
  }

  ScoreSummary summary() {
    return new ScoreSummary(
        rows, dropped, tokens, logps, byLogp.preference(), byReward.preference());
  }
}
