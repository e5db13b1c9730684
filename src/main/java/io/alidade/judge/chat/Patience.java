package io.alidade.judge.chat;

import io.alidade.Check;
import java.util.SplittableRandom;

/// How often and how fast a model is asked.
///
/// @param attempts for one question, the first included, at least 1
/// @param firstSeconds to wait after the first failure; doubled after each further one, positive
/// @param longestSeconds to wait, whatever the server asks for, at least `firstSeconds`
/// @param requestsPerSecond over all questions, positive
/// @param concurrency questions asked at a time, at least 1
public record Patience(
    int attempts,
    double firstSeconds,
    double longestSeconds,
    double requestsPerSecond,
    int concurrency) {
  /// Checks the ranges.
  public Patience {
    Check.atLeast("attempts", 1, attempts);
    Check.positive("first_seconds", firstSeconds);
    Check.positive("longest_seconds", longestSeconds);
    Check.positive("requests_per_second", requestsPerSecond);
    Check.atLeast("concurrency", 1, concurrency);
    if (longestSeconds < firstSeconds) {
      throw new IllegalArgumentException(
          "longest_seconds must be at least first_seconds %s, was %s"
              .formatted(firstSeconds, longestSeconds));
    }
  }

  /// How long to wait after a failure: half of it certain, half of it random, so that many who
  /// failed together do not come back together.
  ///
  /// @param failures so far, at least 1
  /// @param asked by the server, seconds; 0 if it asked for nothing
  double delay(int failures, double asked, SplittableRandom random) {
    double doubled = Math.min(longestSeconds, firstSeconds * Math.pow(2, failures - 1.0));
    return Math.min(longestSeconds, Math.max(asked, doubled * (0.5 + 0.5 * random.nextDouble())));
  }
}
