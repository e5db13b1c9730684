package io.alidade.report;

import java.util.stream.DoubleStream;

/// Draws [Chart.Bars].
final class BarsDrawing {
  private static final double HEIGHT = 290;
  private static final double RIGHT = 16;

  private final Chart.Bars chart;
  private final double left;
  private final double width;
  private final double top;
  private final boolean slanted; // names of categories too long to stand side by side
  private final double bottom;
  private final Axis y;

  BarsDrawing(Chart.Bars chart) {
    this.chart = chart;
    int bars = chart.categories().size() * chart.series().size();
    int first = chart.categories().isEmpty() ? 0 : chart.categories().getFirst().length();
    left = Math.max(52, 5.1 * first - 30); // room for the first name, should it be slanted
    width = Math.max(520, left + RIGHT + 20.0 * bars + 18.0 * chart.categories().size());
    top = Chart.belowLegend(chart.series(), 4, width);
    int longest = chart.categories().stream().mapToInt(String::length).max().orElse(0);
    slanted = 6.2 * longest > cell() - 6;
    bottom = slanted ? Math.min(110, 24 + 4.2 * longest) : 30;
    var heights = Chart.heights(chart.series()).toArray();
    var range =
        DoubleStream.concat(DoubleStream.of(heights), DoubleStream.of(0)).summaryStatistics();
    double room = 0.06 * Math.max(1e-9, range.getMax() - range.getMin());
    y =
        new Axis(
            range.getMin() < 0 ? range.getMin() - room : 0,
            range.getMax() > 0 ? range.getMax() + room : room,
            false,
            HEIGHT - bottom,
            top);
  }

  private double cell() {
    return (width - left - RIGHT) / Math.max(1, chart.categories().size());
  }

  String svg(String style) {
    var svg = new Svg();
    svg.add(Chart.open(chart.title(), width, HEIGHT, style, ""));
    svg.text("t", "start", 4, 18, chart.title());
    svg.text("", "end", width - RIGHT, 18, chart.y());
    Chart.legend(svg, chart.series(), 4, 39, width);
    for (double tick : y.ticks(5)) {
      svg.line("grid", left, y.at(tick), width - RIGHT, y.at(tick));
      svg.text("", "end", left - 7, y.at(tick) + 3.8, Axis.label(tick));
    }
    double bar = Math.min(46, 0.78 * cell() / chart.series().size());
    for (int c = 0; c < chart.categories().size(); c++) {
      double middle = left + (c + 0.5) * cell();
      category(svg, chart.categories().get(c), middle);
      for (int s = 0; s < chart.series().size(); s++) {
        var point = chart.series().get(s).points().get(c);
        double start = middle + (s - chart.series().size() / 2.0) * bar;
        double high = Math.min(y.at(point.y()), y.at(0));
        svg.rect(
            "f" + chart.series().get(s).colour(s),
            start + 1,
            high,
            bar - 2,
            Math.abs(y.at(point.y()) - y.at(0)));
        if (point.low() < point.high()) {
          double at = start + bar / 2;
          svg.line("whisker", at, y.at(point.low()), at, y.at(point.high()));
          svg.line("whisker", at - 3, y.at(point.low()), at + 3, y.at(point.low()));
          svg.line("whisker", at - 3, y.at(point.high()), at + 3, y.at(point.high()));
        }
      }
    }
    svg.line("axis", left, y.at(0), width - RIGHT, y.at(0));
    return svg.add("</svg>").toString();
  }

  private void category(Svg svg, String name, double middle) {
    double at = HEIGHT - bottom + 16;
    if (slanted) {
      svg.add(
          "<text class=\"k\" text-anchor=\"end\" transform=\"translate(%s %s) rotate(-35)\">%s</text>"
              .formatted(Svg.px(middle + 4), Svg.px(at), Svg.escape(name)));
    } else {
      svg.text("k", "middle", middle, at, name);
    }
  }
}
