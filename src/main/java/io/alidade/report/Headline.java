package io.alidade.report;

import java.util.OptionalDouble;

/// A number that sums a run up.
///
/// @param name of the number, such as `held-out accuracy`
/// @param before the same before training, if it was measured
/// @param after its value
/// @param unit how it is written: as it is, or times a hundred with a percent sign
/// @param better which direction is the good one
/// @param note one line on how it was measured
public record Headline(
    String name, OptionalDouble before, double after, Unit unit, Better better, String note) {
  /// How a number is written.
  public enum Unit {
    /// As it is.
    PLAIN,
    /// A share, as percent.
    PERCENT
  }

  /// Which direction is good.
  public enum Better {
    /// Up.
    HIGHER,
    /// Down.
    LOWER,
    /// Neither.
    NEITHER
  }
}
