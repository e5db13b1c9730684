package io.alidade.study;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What a study found, with how it was found.
///
/// @param name of the study
/// @param results of all trials
/// @param verdict over the criterion, or over the direction for the reduced form
/// @param seconds that each trial took, in their order
/// @param reduced which form was run
/// @param date of the last trial
/// @param command that repeats it
/// @param machine processor and Java
public record Findings(
    String name,
    Study study,
    Results results,
    Verdict verdict,
    List<Double> seconds,
    boolean reduced,
    LocalDate date,
    String command,
    String machine) {
  /// The outcome in a word or two, for tables.
  public String outcome() {
    return verdict.parts().isEmpty() ? "nothing to judge" : verdict.outcome();
  }

  /// Rows of the table: headings first, then for each arm its name and the mean of each measure
  /// with half of its 95 % confidence interval.
  public List<List<String>> table() {
    var rows = new ArrayList<List<String>>();
    var headings = new ArrayList<>(List.of("arm"));
    headings.addAll(results.measures());
    rows.add(headings);
    for (var arm : results.arms()) {
      var row = new ArrayList<>(List.of(arm));
      for (var measure : results.measures()) {
        row.add(cell(results.mean(arm, measure), results.halfWidth(arm, measure)));
      }
      rows.add(row);
    }
    return rows;
  }

  private static String cell(double mean, double half) {
    if (Double.isNaN(mean)) {
      return "–";
    }
    return Double.isNaN(half) ? number(mean) : number(mean) + " ± " + number(half);
  }

  /// Three or four significant digits.
  static String number(double value) {
    double size = Math.abs(value);
    if (value == Math.rint(value) && size < 1e6) {
      return String.format(Locale.ROOT, "%.0f", value);
    }
    var format =
        size >= 1e5 || size < 1e-3
            ? "%.2e"
            : size >= 100 ? "%.1f" : size >= 10 ? "%.2f" : size >= 0.1 ? "%.3f" : "%.4f";
    return String.format(Locale.ROOT, format, value);
  }
}
