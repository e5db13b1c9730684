package io.alidade.evaluation;

import java.util.Optional;

/// What the scores of a data set come to.
///
/// @param rows how many were read
/// @param dropped how many of them had nothing to score
/// @param tokens scored, over all candidates (read, for a reward model)
/// @param logps sum over all candidates, nats; 0 for a reward model
/// @param likelihoods how likelihoods order candidates; absent without an order or likelihoods
/// @param rewards how rewards order candidates; absent without an order, or a reference or head
public record ScoreSummary(
    int rows,
    int dropped,
    long tokens,
    double logps,
    Optional<Preference> likelihoods,
    Optional<Preference> rewards) {
  /// How a measure orders candidates.
  ///
  /// @param pairs of a better and a worse candidate
  /// @param accuracy share of pairs in which the better one has the larger value
  /// @param margin mean of better minus worse
  /// @param calibrationError of likelihoods as of statements about generation, of rewards as of
  ///   statements about preferences: see [CalibrationError]
  public record Preference(long pairs, double accuracy, double margin, double calibrationError) {}
}
