package io.alidade.report;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/// Draws [Chart.Lines].
final class LinesDrawing {
  private static final double WIDTH = 520;
  private static final double HEIGHT = 290;
  private static final double LEFT = 52;
  private static final double RIGHT = 16;
  private static final double BOTTOM = 38;
  private static final int MANY = 60; // points from which a line is drawn thin, with its mean thick
  private static final int MOST = 600; // points beyond which neighbours are averaged

  private final Chart.Lines chart;
  private final double top;
  private final Axis x;
  private final Axis y;

  LinesDrawing(Chart.Lines chart) {
    this.chart = chart;
    this.top = Chart.belowLegend(chart.series(), 4, WIDTH);
    var points = chart.series().stream().flatMap(one -> one.points().stream()).toList();
    x = Axis.spanning(points.stream().mapToDouble(Series.Point::x), LEFT, WIDTH - RIGHT);
    y =
        Axis.around(
            DoubleStream.concat(Chart.heights(chart.series()), DoubleStream.of(chart.level())),
            chart.logarithmicY(),
            HEIGHT - BOTTOM,
            top);
  }

  String svg(String style) {
    var svg = new Svg();
    svg.add(
        Chart.open(
            chart.title(),
            WIDTH,
            HEIGHT,
            style,
            " data-x=\"%s\"".formatted(Svg.escape(chart.x()))));
    svg.text("t", "start", 4, 18, chart.title());
    Chart.legend(svg, chart.series(), 4, 39, WIDTH);
    axes(svg);
    for (int i = 0; i < chart.series().size(); i++) {
      draw(svg, chart.series().get(i).colour(i), chart.series().get(i));
    }
    return svg.add("</svg>").toString();
  }

  private void axes(Svg svg) {
    for (double tick : y.ticks(5)) {
      svg.line("grid", LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick));
      svg.text("", "end", LEFT - 7, y.at(tick) + 3.8, Axis.label(tick));
    }
    svg.line("axis", LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM);
    for (double tick : x.ticks(6)) {
      svg.line("axis", x.at(tick), HEIGHT - BOTTOM, x.at(tick), HEIGHT - BOTTOM + 4);
      svg.text("", "middle", x.at(tick), HEIGHT - BOTTOM + 16, Axis.label(tick));
    }
    svg.text("", "end", WIDTH - RIGHT, HEIGHT - 6, chart.x());
    svg.text("", "end", WIDTH - RIGHT, 18, chart.y());
    if (Double.isFinite(chart.level()) && y.holds(chart.level())) {
      svg.line("level", LEFT, y.at(chart.level()), WIDTH - RIGHT, y.at(chart.level()));
    }
  }

  private void draw(Svg svg, int i, Series series) {
    var points = thinned(series.points().stream().filter(this::drawable).toList());
    if (points.isEmpty()) {
      return;
    }
    if (points.stream().anyMatch(point -> point.low() < point.high())) {
      svg.add("<path class=\"band f%d\" d=\"%s\"/>".formatted(i, band(points)));
    }
    switch (series.style()) {
      case LINE -> {
        boolean many = points.size() > MANY && !steady(points);
        if (many) {
          svg.add("<path class=\"raw c%d\" d=\"%s\"/>".formatted(i, path(points)));
        }
        svg.add(
            "<path class=\"c%d\" d=\"%s\" data-name=\"%s\" data-points=\"%s\"/>"
                .formatted(
                    i,
                    path(many ? smoothed(points) : points),
                    Svg.escape(series.name()),
                    data(points)));
        if (points.size() == 1) {
          svg.circle("f" + i, x.at(points.getFirst().x()), y.at(points.getFirst().y()), 3.5);
        }
      }
      case DOTTED -> {
        svg.add(
            "<path class=\"dotted c%d\" d=\"%s\" data-name=\"%s\" data-points=\"%s\"/>"
                .formatted(i, path(points), Svg.escape(series.name()), data(points)));
        points.forEach(point -> svg.circle("f" + i, x.at(point.x()), y.at(point.y()), 3.2));
      }
      case DOTS ->
          points.forEach(point -> svg.circle("f" + i, x.at(point.x()), y.at(point.y()), 4));
    }
  }

  private boolean drawable(Series.Point point) {
    return !chart.logarithmicY() || (point.y() > 0 && point.low() > 0);
  }

  private String path(List<Series.Point> points) {
    var path = new StringBuilder();
    for (var point : points) {
      path.append(path.isEmpty() ? 'M' : 'L');
      path.append(Svg.px(x.at(point.x()))).append(' ').append(Svg.px(y.at(point.y())));
    }
    return path.toString();
  }

  private String band(List<Series.Point> points) {
    var upper = points.stream().map(point -> new Series.Point(point.x(), point.high())).toList();
    var lower =
        points.reversed().stream().map(point -> new Series.Point(point.x(), point.low())).toList();
    return path(upper) + path(lower).replaceFirst("M", "L") + "Z";
  }

  /// `pixel,pixel,x,y;…` for the reader's pointer.
  private String data(List<Series.Point> points) {
    var data = new StringBuilder();
    for (var point : points) {
      data.append(Svg.px(x.at(point.x()))).append(',').append(Svg.px(y.at(point.y())));
      data.append(',')
          .append(Axis.label(point.x()))
          .append(',')
          .append(value(point.y()))
          .append(';');
    }
    return data.toString();
  }

  private static String value(double y) {
    return Math.abs(y) >= 1e-3 && Math.abs(y) < 1e4
        ? String.format(java.util.Locale.ROOT, "%.4g", y)
        : Axis.label(y);
  }

  /// At most [#MOST] points, each the mean of its neighbours.
  private static List<Series.Point> thinned(List<Series.Point> points) {
    if (points.size() <= MOST) {
      return points;
    }
    var thinned = new ArrayList<Series.Point>();
    for (int i = 0; i < MOST; i++) {
      int from = (int) ((long) i * points.size() / MOST);
      int to = (int) ((long) (i + 1) * points.size() / MOST);
      thinned.add(mean(points.subList(from, to)));
    }
    return thinned;
  }

  /// Whether a line only rises or only falls, as a schedule does: a mean would bend its ends.
  private static boolean steady(List<Series.Point> points) {
    int up = 0;
    int down = 0;
    for (int i = 1; i < points.size(); i++) {
      up += points.get(i).y() > points.get(i - 1).y() ? 1 : 0;
      down += points.get(i).y() < points.get(i - 1).y() ? 1 : 0;
    }
    return up == 0 || down == 0;
  }

  /// The mean over a window around each point, a fifteenth of the line wide.
  private static List<Series.Point> smoothed(List<Series.Point> points) {
    int reach = Math.max(1, points.size() / 30);
    var smoothed = new ArrayList<Series.Point>();
    for (int i = 0; i < points.size(); i++) {
      var near = points.subList(Math.max(0, i - reach), Math.min(points.size(), i + reach + 1));
      double y = near.stream().mapToDouble(Series.Point::y).average().orElseThrow();
      smoothed.add(new Series.Point(points.get(i).x(), y));
    }
    return smoothed;
  }

  private static Series.Point mean(List<Series.Point> points) {
    return new Series.Point(
        points.stream().mapToDouble(Series.Point::x).average().orElseThrow(),
        points.stream().mapToDouble(Series.Point::y).average().orElseThrow(),
        points.stream().mapToDouble(Series.Point::low).average().orElseThrow(),
        points.stream().mapToDouble(Series.Point::high).average().orElseThrow());
  }
}
