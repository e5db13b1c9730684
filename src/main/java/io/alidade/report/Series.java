package io.alidade.report;

import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/// Points under one name.
///
/// @param name as the legend has it
/// @param points in the order in which a line joins them
/// @param style how it is drawn
/// @param colour number of the colour, from 0 to 7, to share it with another series; absent for the
///   next one
public record Series(String name, List<Point> points, Style style, OptionalInt colour) {
  /// A point with an interval.
  ///
  /// @param low lower end, or `y`
  /// @param high upper end, or `y`
  public record Point(double x, double y, double low, double high) {
    /// A point without an interval.
    public Point(double x, double y) {
      this(x, y, y, y);
    }

    boolean finite() {
      return Double.isFinite(x)
          && Double.isFinite(y)
          && Double.isFinite(low)
          && Double.isFinite(high);
    }
  }

  /// How a series is drawn.
  public enum Style {
    /// A line.
    LINE,
    /// A broken line with dots: few points, such as evaluations.
    DOTTED,
    /// Dots alone.
    DOTS;

    String css() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// Copies the points that can be drawn.
  public Series {
    points = points.stream().filter(Point::finite).toList();
  }

  /// A series in the next colour.
  public Series(String name, List<Point> points, Style style) {
    this(name, points, style, OptionalInt.empty());
  }

  /// The same in the colour of this number, from 0 to 7.
  public Series coloured(int number) {
    return new Series(name, points, style, OptionalInt.of(number));
  }

  /// The same with intervals that end where the quantity does, such as a share at 0 and 1.
  public Series within(double least, double most) {
    return new Series(
        name,
        points.stream()
            .map(p -> new Point(p.x, p.y, Math.max(least, p.low), Math.min(most, p.high)))
            .toList(),
        style,
        colour);
  }

  int colour(int place) {
    return colour.orElse(place) % 8;
  }

  /// A line.
  public static Series line(String name, List<Point> points) {
    return new Series(name, points, Style.LINE);
  }
}
