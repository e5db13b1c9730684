package io.alidade.judge.chat;

import io.alidade.Check;

/// What a model costs, in any currency.
///
/// @param perMillionRead a million tokens of questions, at least 0
/// @param perMillionWritten a million tokens of answers, at least 0
/// @param most that may be spent until the judge is closed; nothing further is asked beyond it
public record Price(double perMillionRead, double perMillionWritten, double most) {
  /// Checks the ranges.
  public Price {
    Check.notNegative("per_million_read", perMillionRead);
    Check.notNegative("per_million_written", perMillionWritten);
    Check.notNegative("most", most);
  }

  double of(long read, long written) {
    return (read * perMillionRead + written * perMillionWritten) / 1e6;
  }
}
