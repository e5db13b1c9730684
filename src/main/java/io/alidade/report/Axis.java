package io.alidade.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/// Maps numbers to pixels and chooses round numbers to mark.
///
/// @param low the number at `from`; positive if logarithmic
/// @param high the number at `to`, above `low`
/// @param logarithmic whether equal ratios have equal lengths
/// @param from pixel of `low`
/// @param to pixel of `high`
record Axis(double low, double high, boolean logarithmic, double from, double to) {
  /// An axis with a little room around some numbers; those that are not finite (or, on a
  /// logarithmic axis, not positive) do not count.
  static Axis around(DoubleStream values, boolean logarithmic, double from, double to) {
    var range =
        values.filter(v -> Double.isFinite(v) && (!logarithmic || v > 0)).summaryStatistics();
    if (range.getCount() == 0) {
      return new Axis(logarithmic ? 1 : 0, logarithmic ? 10 : 1, logarithmic, from, to);
    }
    double low = range.getMin();
    double high = range.getMax();
    if (logarithmic) {
      double room = low == high ? 2 : Math.pow(high / low, 0.05);
      return new Axis(low / room, high * room, true, from, to);
    }
    double room = low == high ? Math.max(Math.abs(low) * 0.1, 1e-9) : 0.06 * (high - low);
    return new Axis(low - room, high + room, false, from, to);
  }

  /// An axis that spans some numbers exactly.
  static Axis spanning(DoubleStream values, double from, double to) {
    var range = values.filter(Double::isFinite).summaryStatistics();
    if (range.getCount() == 0 || range.getMin() == range.getMax()) {
      double middle = range.getCount() == 0 ? 0 : range.getMin();
      return new Axis(middle - 0.5, middle + 0.5, false, from, to);
    }
    return new Axis(range.getMin(), range.getMax(), false, from, to);
  }

  /// The pixel of a number.
  double at(double value) {
    double share =
        logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    return from + share * (to - from);
  }

  /// Whether a number lies on the axis.
  boolean holds(double value) {
    double slack = logarithmic ? 0 : 1e-9 * (high - low);
    return value >= low - slack && value <= high + slack;
  }

  /// Round numbers to mark, about `count` of them, in order.
  List<Double> ticks(int count) {
    return logarithmic ? powers(count) : multiples(count);
  }

  private List<Double> multiples(int count) {
    double rough = (high - low) / Math.max(1, count);
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double step = power * 10;
    for (double factor : new double[] {1, 2, 2.5, 5}) {
      if (factor * power >= rough * 0.999) {
        step = factor * power;
        break;
      }
    }
    var ticks = new ArrayList<Double>();
    for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  private List<Double> powers(int count) {
    int first = (int) Math.ceil(Math.log10(low) - 1e-9);
    int last = (int) Math.floor(Math.log10(high) + 1e-9);
    if (last - first < 1) { // less than two powers of ten: numbers between them
      for (var factors : List.of(List.of(1, 2, 5), List.of(1, 2, 3, 4, 5, 7))) {
        var ticks = new ArrayList<Double>();
        for (int e = first - 1; e <= last + 1; e++) {
          for (int factor : factors) {
            double tick = factor * Math.pow(10, e);
            if (tick >= low && tick <= high) {
              ticks.add(tick);
            }
          }
        }
        if (ticks.size() > 2 || factors.size() > 3) {
          return ticks;
        }
      }
    }
    int every = Math.max(1, (last - first + count) / Math.max(1, count));
    var ticks = new ArrayList<Double>();
    for (int e = first; e <= last; e += every) {
      ticks.add(Math.pow(10, e));
    }
    return ticks;
  }

  /// A number as a tick writes it: short, and without rounding errors.
  static String label(double value) {
    double size = Math.abs(value);
    if (size != 0 && (size >= 1e6 || size < 1e-3)) {
      return String.format(Locale.ROOT, "%.1e", value)
          .replace(".0e", "e")
          .replace("e-0", "e-")
          .replace("e+0", "e");
    }
    if (size >= 1e4) {
      return String.format(Locale.ROOT, "%.0fk", value / 1000);
    }
    var text = String.format(Locale.ROOT, "%.4f", value);
    return text.replaceFirst("\\.?0+$", "").replaceFirst("^-0$", "0");
  }
}
