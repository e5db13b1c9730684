package io.alidade.explain;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/// Curves as characters, for the terminal.
final class Plot {
  private static final int HEIGHT = 11;
  private static final String MARKS = "*o+x#";

  private Plot() {}

  /// Draws curves over places from left to right; where two meet, the later one shows.
  ///
  /// @param curves with one value a column
  static String text(String title, double low, double high, List<Sweep.Curve> curves) {
    var range =
        curves.stream()
            .flatMapToDouble(c -> Arrays.stream(c.values()))
            .filter(Double::isFinite)
            .summaryStatistics();
    if (range.getCount() == 0) {
      return title + ": no finite value\n";
    }
    double top = range.getMax();
    double bottom = range.getMin();
    double height = Math.max(top - bottom, 1e-12);
    int width = curves.getFirst().values().length;
    var canvas = new char[HEIGHT][width];
    for (var row : canvas) {
      Arrays.fill(row, ' ');
    }
    if (bottom < 0 && top > 0) {
      Arrays.fill(canvas[row(0, top, height)], '.');
    }
    for (var row : canvas) {
      row[width / 2] = ':';
    }
    for (int c = 0; c < curves.size(); c++) {
      var values = curves.get(c).values();
      for (int x = 0; x < width; x++) {
        if (Double.isFinite(values[x])) {
          canvas[row(values[x], top, height)][x] = mark(c);
        }
      }
    }
    var out = new StringBuilder(title);
    for (int c = 0; c < curves.size(); c++) {
      out.append(c == 0 ? "   " : "  ").append(mark(c)).append(' ').append(curves.get(c).name());
    }
    out.append('\n');
    for (int y = 0; y < HEIGHT; y++) {
      var label = y == 0 ? top : y == HEIGHT - 1 ? bottom : Double.NaN;
      out.append(Double.isNaN(label) ? " ".repeat(11) : "%11s".formatted(number(label)));
      out.append(" |").append(new String(canvas[y]).stripTrailing()).append('\n');
    }
    out.append(" ".repeat(12)).append('+').append("-".repeat(width)).append('\n');
    out.append(" ".repeat(13))
        .append("%-10s".formatted(number(low)))
        .append(" ".repeat(width / 2 - 10))
        .append('0')
        .append(("%" + (width - width / 2 - 1) + "s").formatted(number(high)))
        .append('\n');
    return out.toString();
  }

  private static char mark(int curve) {
    return MARKS.charAt(curve % MARKS.length());
  }

  private static int row(double value, double top, double height) {
    return (int) Math.round((top - value) / height * (HEIGHT - 1));
  }

  /// A number with up to five digits.
  static String number(double value) {
    if (value == 0 || !Double.isFinite(value)) {
      return value == 0 ? "0" : String.valueOf(value);
    }
    double size = Math.abs(value);
    if (size >= 1e5 || size < 1e-4) {
      return String.format(Locale.ROOT, "%.3e", value);
    }
    int places = (int) Math.max(0, 4 - Math.floor(Math.log10(size)));
    var text = String.format(Locale.ROOT, "%." + Math.min(places, 6) + "f", value);
    return text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
  }

  /// Values in a line of a table.
  static List<String> numbers(DoubleStream values) {
    return values.mapToObj(Plot::number).toList();
  }
}
