package io.alidade.study;

import io.alidade.report.Chart;
import io.alidade.report.Interval;
import io.alidade.report.Series;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedMap;
import java.util.SequencedSet;

/// Trials of several seeds, with what can be said over all of them.
///
/// @param trials at least one, each with the same arms
public record Results(List<Trial> trials) {
  /// Checks that there is something.
  public Results {
    if (trials.isEmpty()) {
      throw new IllegalArgumentException("no trials");
    }
    trials = List.copyOf(trials);
  }

  /// Names of the arms, in order.
  public SequencedSet<String> arms() {
    var arms = new LinkedHashSet<String>();
    trials.forEach(trial -> arms.addAll(trial.arms().keySet()));
    return arms;
  }

  /// Names of the measures of any arm, in order.
  public SequencedSet<String> measures() {
    var measures = new LinkedHashSet<String>();
    trials.forEach(trial -> trial.arms().values().forEach(m -> measures.addAll(m.keySet())));
    return measures;
  }

  /// A measure of an arm, one value a seed; NaN where an arm has none.
  public double[] values(String arm, String measure) {
    return trials.stream().mapToDouble(trial -> value(trial, arm, measure)).toArray();
  }

  private static double value(Trial trial, String arm, String measure) {
    var measures = trial.arms().get(arm);
    if (measures == null) {
      throw new IllegalArgumentException(
          "no arm '%s' among %s".formatted(arm, trial.arms().keySet()));
    }
    var value = measures.get(measure);
    return value == null ? Double.NaN : value;
  }

  /// Mean over seeds.
  public double mean(String arm, String measure) {
    return mean(values(arm, measure));
  }

  /// Mean over seeds of one arm minus another, seed by seed.
  public double gain(String arm, String over, String measure) {
    return mean(arm, measure) - mean(over, measure);
  }

  /// In how many seeds an arm's measure is larger than another's.
  public int wins(String arm, String over, String measure) {
    var left = values(arm, measure);
    var right = values(over, measure);
    int wins = 0;
    for (int i = 0; i < left.length; i++) {
      wins += left[i] > right[i] ? 1 : 0;
    }
    return wins;
  }

  /// Half the width of the 95 % confidence interval of the mean over seeds (Student's t); NaN for
  /// one seed.
  public double halfWidth(String arm, String measure) {
    return halfWidth(values(arm, measure));
  }

  /// The mean of some numbers.
  public static double mean(double... values) {
    return Interval.of(values).mean();
  }

  /// Half the width of the 95 % confidence interval of their mean (Student's t); NaN for one.
  public static double halfWidth(double... values) {
    return Interval.of(values).half();
  }

  /// Bars of each measure over the arms that have it, with intervals.
  public List<Chart> bars() {
    var charts = new ArrayList<Chart>();
    for (var measure : measures()) {
      var names = new ArrayList<String>();
      var points = new ArrayList<Series.Point>();
      for (var arm : arms()) {
        double mean = mean(arm, measure);
        if (Double.isFinite(mean)) {
          double half = halfWidth(arm, measure);
          double reach = Double.isFinite(half) ? half : 0;
          points.add(new Series.Point(names.size(), mean, mean - reach, mean + reach));
          names.add(arm);
        }
      }
      if (!names.isEmpty()) {
        charts.add(new Chart.Bars(measure, measure, names, List.of(Series.line(measure, points))));
      }
    }
    return charts;
  }

  /// Curves with the mean over seeds and the interval as a band; points of equal place in their
  /// curves are taken together.
  public List<Series> curves() {
    SequencedMap<String, List<List<double[]>>> byName = new LinkedHashMap<>();
    trials.forEach(trial ->
        trial
            .curves()
            .forEach((name, points) ->
                byName.computeIfAbsent(name, _ -> new ArrayList<>()).add(points)));
    var series = new ArrayList<Series>();
    byName.forEach((name, all) -> series.add(Interval.band(name, all)));
    return series;
  }
}
