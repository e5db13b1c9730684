package io.alidade.study;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// What one seed gave: the measures of each arm and, if there is something to draw, curves.
///
/// @param seed of the trial
/// @param arms by name and measure, in the order in which tables show them; NaN where an arm has no
///   such measure
/// @param curves points `(x, y)` by name
public record Trial(
    long seed,
    SequencedMap<String, SequencedMap<String, Double>> arms,
    SequencedMap<String, List<double[]>> curves) {
  /// A trial to be filled.
  public static Trial of(long seed) {
    return new Trial(seed, new LinkedHashMap<>(), new LinkedHashMap<>());
  }

  /// Notes a measure of an arm.
  public Trial note(String arm, String measure, double value) {
    arms.computeIfAbsent(arm, _ -> new LinkedHashMap<>()).put(measure, value);
    return this;
  }

  /// Adds a point to a curve.
  public Trial point(String curve, double x, double y) {
    curves.computeIfAbsent(curve, _ -> new ArrayList<>()).add(new double[] {x, y});
    return this;
  }
}
