package io.alidade.study;

import io.alidade.report.Series;
import java.util.List;

/// Curves of trials that belong into one figure: those whose names begin alike.
final class Curves {
  private Curves() {}

  /// The curves whose names begin so, named by the rest.
  static List<Series> of(Results results, String prefix) {
    return results.curves().stream()
        .filter(series -> series.name().startsWith(prefix))
        .map(series ->
            new Series(
                series.name().substring(prefix.length()),
                series.points(),
                series.style(),
                series.colour()))
        .toList();
  }
}
