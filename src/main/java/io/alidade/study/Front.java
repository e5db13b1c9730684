package io.alidade.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Measures of policies that trade one reward for another.
final class Front {
  private Front() {}

  /// Spearman's correlation of values with their places.
  static double spearman(double... values) {
    int n = values.length;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      double value = values[i];
      long rank = Arrays.stream(values).filter(other -> other < value).count();
      squares += (rank - i) * (rank - i);
    }
    return 1 - 6 * squares / (n * (n * n - 1.0));
  }

  /// The area that each front dominates above the corner of the worst values of all of them.
  ///
  /// @param fronts points of two rewards, by front
  static SequencedMap<String, Double> areas(SequencedMap<String, List<double[]>> fronts) {
    var all = fronts.values().stream().flatMap(List::stream).toList();
    double low1 = all.stream().mapToDouble(point -> point[0]).min().orElse(0);
    double low2 = all.stream().mapToDouble(point -> point[1]).min().orElse(0);
    var areas = new LinkedHashMap<String, Double>();
    fronts.forEach((name, points) -> areas.put(name, area(points, low1, low2)));
    return areas;
  }

  private static double area(List<double[]> points, double low1, double low2) {
    var sorted = new ArrayList<>(points);
    sorted.sort((a, b) -> Double.compare(b[0], a[0]));
    double area = 0;
    double reached = low2;
    for (var point : sorted) {
      if (point[1] > reached) {
        area += (point[0] - low1) * (point[1] - reached);
        reached = point[1];
      }
    }
    return area;
  }
}
