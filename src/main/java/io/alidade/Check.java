package io.alidade;

/// Range checks of scientific parameters, for compact constructors. The message names the
/// parameter, its range and its value, and is that of an [IllegalArgumentException]; what binds or
/// reads the value tells the user.
public final class Check {
  private Check() {}

  /// Finite and above 0.
  public static void positive(String name, double value) {
    that(value > 0 && Double.isFinite(value), name, "positive and finite", value);
  }

  /// Finite and at least 0.
  public static void notNegative(String name, double value) {
    that(value >= 0 && Double.isFinite(value), name, "at least 0 and finite", value);
  }

  /// Finite.
  public static void finite(String name, double value) {
    that(Double.isFinite(value), name, "finite", value);
  }

  /// In `[low, high]`.
  public static void between(String name, double low, double high, double value) {
    that(value >= low && value <= high, name, "between %s and %s".formatted(low, high), value);
  }

  /// In `(low, high]`.
  public static void aboveTo(String name, double low, double high, double value) {
    that(value > low && value <= high, name, "above %s and at most %s".formatted(low, high), value);
  }

  /// In `[low, high)`.
  public static void belowFrom(String name, double low, double high, double value) {
    that(
        value >= low && value < high, name, "at least %s and below %s".formatted(low, high), value);
  }

  /// At least `low`.
  public static void atLeast(String name, long low, long value) {
    that(value >= low, name, "at least " + low, value);
  }

  private static void that(boolean holds, String name, String range, Object value) {
    if (!holds) {
      throw new IllegalArgumentException("%s must be %s, was %s".formatted(name, range, value));
    }
  }
}
