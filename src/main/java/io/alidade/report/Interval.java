package io.alidade.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A mean over seeds with its confidence interval.
///
/// @param mean of the numbers
/// @param half half the width of the 95 % interval of the mean (Student's t); NaN for one number
public record Interval(double mean, double half) {
  /// Two-sided 95 % quantiles of Student's t by degrees of freedom, from 1.
  private static final double[] T = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086
  };

  /// The interval of some numbers, at least one.
  public static Interval of(double... values) {
    int n = values.length;
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    double mean = sum / n;
    if (n < 2) {
      return new Interval(mean, Double.NaN);
    }
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    double t = n - 1 <= T.length ? T[n - 2] : 1.96;
    return new Interval(mean, t * Math.sqrt(squares / (n - 1) / n));
  }

  /// A curve with the mean over seeds and the interval as a band; points at the same place of their
  /// curves are taken together, as far as all curves go.
  ///
  /// @param curves points `(x, y)`, one curve a seed
  public static Series band(String name, List<List<double[]>> curves) {
    int length = curves.stream().mapToInt(List::size).min().orElse(0);
    var points = new ArrayList<Series.Point>();
    for (int i = 0; i < length; i++) {
      int at = i;
      var y = of(curves.stream().mapToDouble(curve -> curve.get(at)[1]).toArray());
      double reach = Double.isFinite(y.half) ? y.half : 0;
      points.add(
          new Series.Point(curves.getFirst().get(at)[0], y.mean, y.mean - reach, y.mean + reach));
    }
    return Series.line(name, points);
  }

  /// `0.71 ± 0.03`, or the mean alone where there is no interval; `-` for none.
  @Override
  public String toString() {
    if (!Double.isFinite(mean)) {
      return "-";
    }
    // As many decimals as leave two digits of the interval, and at least four digits of the mean.
    double fine = Double.isFinite(half) && half > 0 ? half : Math.abs(mean) / 100;
    int decimals = fine > 0 ? Math.clamp((long) Math.ceil(1 - Math.log10(fine)), 0, 6) : 1;
    var format = "%." + decimals + "f";
    return Double.isFinite(half)
        ? String.format(Locale.ROOT, format + " ± " + format, mean, half)
        : String.format(Locale.ROOT, format, mean);
  }
}
