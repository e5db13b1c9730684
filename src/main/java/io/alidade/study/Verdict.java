package io.alidade.study;

import java.util.List;
import java.util.Locale;

/// What became of a criterion, part by part.
///
/// @param parts of the criterion, in its order
public record Verdict(List<Part> parts) {
  /// One part of a criterion.
  ///
  /// @param what had to hold, in words with numbers
  /// @param held whether it did
  /// @param found the numbers that decided
  public record Part(String what, boolean held, String found) {
    /// A part that compares two numbers: `value` must be at least `bound`.
    public static Part atLeast(String what, double value, double bound) {
      return new Part(
          what, value >= bound, String.format(Locale.ROOT, "%.4g, wanted ≥ %.4g", value, bound));
    }

    /// A part that compares two numbers: `value` must be at most `bound`.
    public static Part atMost(String what, double value, double bound) {
      return new Part(
          what, value <= bound, String.format(Locale.ROOT, "%.4g, wanted ≤ %.4g", value, bound));
    }
  }

  /// A verdict of these parts.
  public static Verdict of(Part... parts) {
    return new Verdict(List.of(parts));
  }

  /// Whether all of it held.
  public boolean success() {
    return parts.stream().allMatch(Part::held);
  }

  /// In a word or two, for tables: `reproduced`, `2 of 3 parts reproduced`, `not reproduced`.
  public String outcome() {
    long held = parts.stream().filter(Part::held).count();
    if (held == parts.size()) {
      return "reproduced";
    }
    return held == 0 ? "not reproduced" : "%d of %d parts reproduced".formatted(held, parts.size());
  }
}
