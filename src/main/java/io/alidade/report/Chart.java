package io.alidade.report;

import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/// A figure as SVG, for a page or as a file of its own. Colours are told apart by readers with any
/// colour vision (Okabe and Ito's, darkened or lightened for contrast) and follow the reader's
/// light or dark theme.
public sealed interface Chart {
  /// Points joined by lines, or not, over two axes.
  ///
  /// @param title above the figure
  /// @param x what the horizontal axis counts
  /// @param y what the vertical axis measures
  /// @param series at least one, drawn in the order given; at most eight
  /// @param logarithmicY whether equal ratios have equal heights; only positive points are drawn
  ///   then
  /// @param level a horizontal line worth comparing with, such as chance or the start; NaN for none
  record Lines(
      String title, String x, String y, List<Series> series, boolean logarithmicY, double level)
      implements Chart {
    /// A linear figure without a level.
    public static Lines of(String title, String x, String y, List<Series> series) {
      return new Lines(title, x, y, series, false, Double.NaN);
    }
  }

  /// Bars side by side for each category, with intervals.
  ///
  /// @param title above the figure
  /// @param y what the height measures
  /// @param categories along the horizontal axis
  /// @param series one point a category each, `x` ignored; at most eight
  record Bars(String title, String y, List<String> categories, List<Series> series)
      implements Chart {
    /// Checks that each category has its bars.
    public Bars {
      for (var one : series) {
        if (one.points().size() != categories.size()) {
          throw new IllegalArgumentException(
              "series '%s' has %d bars for %d categories"
                  .formatted(one.name(), one.points().size(), categories.size()));
        }
      }
    }
  }

  /// What stands above the figure.
  String title();

  /// The figure for a page that has [#STYLE].
  default String svg() {
    return switch (this) {
      case Lines lines -> new LinesDrawing(lines).svg("");
      case Bars bars -> new BarsDrawing(bars).svg("");
    };
  }

  /// The figure as a file of its own.
  default String standalone() {
    var style = "<style>" + STYLE + "svg.chart{background:var(--paper)}</style>";
    return switch (this) {
      case Lines lines -> new LinesDrawing(lines).svg(style);
      case Bars bars -> new BarsDrawing(bars).svg(style);
    };
  }

  /// Every number of the figure, for tests and for those who cannot see it.
  default Stream<Series> all() {
    return switch (this) {
      case Lines lines -> lines.series().stream();
      case Bars bars -> bars.series().stream();
    };
  }

  /// Colours and fonts of all figures.
  String STYLE =
      """
      :root{--paper:#fff;--ink:#1d1f21;--soft:#6a6f76;--grid:#e6e4df;--axis:#a9a59c;
      --c0:#0067a5;--c1:#c8501a;--c2:#00805f;--c3:#a8518a;--c4:#b37a00;--c5:#3d97cf;--c6:#5b5f66;--c7:#7a6a00}
      @media(prefers-color-scheme:dark){:root{--paper:#16181b;--ink:#e8e6e1;--soft:#9da1a8;--grid:#2b2e33;--axis:#5d6168;
      --c0:#62b4ec;--c1:#ff8f5a;--c2:#3ecba0;--c3:#e29acb;--c4:#f2b53a;--c5:#9ad3f7;--c6:#b4b8bf;--c7:#dccb4a}}
      svg.chart{display:block;width:100%;height:auto;font:11px ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
      svg.chart text{fill:var(--soft);font-variant-numeric:tabular-nums}
      svg.chart text.t{fill:var(--ink);font-size:13.5px;font-weight:600}
      svg.chart text.k{fill:var(--ink)}
      svg.chart .grid{stroke:var(--grid);stroke-width:1}svg.chart .axis{stroke:var(--axis);stroke-width:1}
      svg.chart .level{stroke:var(--axis);stroke-width:1;stroke-dasharray:2 3}
      svg.chart path,svg.chart .sw{fill:none;stroke-width:1.9;stroke-linejoin:round;stroke-linecap:round}
      svg.chart .raw{stroke-width:1;opacity:.28}svg.chart .dotted{stroke-dasharray:5 4;stroke-width:1.4}
      svg.chart path.band{stroke:none;opacity:.16}
      svg.chart circle{stroke:var(--paper);stroke-width:1}
      svg.chart .whisker{stroke:var(--ink);stroke-width:1.1;opacity:.75}
      """
          + colours();

  private static String colours() {
    var css = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      css.append(
          "svg.chart .c%1$d{stroke:var(--c%1$d)}svg.chart .f%1$d,svg.chart path.f%1$d{fill:var(--c%1$d)}\n"
              .formatted(i));
    }
    return css.toString();
  }

  /// The legend, from the left below the title: a sample of each series with its name, in as many
  /// rows as the width of the figure asks for.
  static void legend(Svg svg, List<Series> series, double left, double y, double width) {
    if (series.size() < 2) {
      return;
    }
    double x = left;
    double row = y;
    for (int i = 0; i < series.size(); i++) {
      var one = series.get(i);
      if (x > left && x + legendEntry(one) > width) {
        x = left;
        row += LEGEND_ROW;
      }
      if (one.style() == Series.Style.DOTS) {
        svg.circle("f" + one.colour(i), x + 8, row - 4, 4);
      } else {
        svg.line(
            "sw c%d %s".formatted(one.colour(i), one.style().css()), x, row - 4, x + 16, row - 4);
      }
      svg.text("k", "start", x + 21, row, one.name());
      x += legendEntry(one);
    }
  }

  /// Where the plot may begin below title and legend.
  static double belowLegend(List<Series> series, double left, double width) {
    if (series.size() < 2) {
      return 38;
    }
    double x = left;
    int rows = 1;
    for (var one : series) {
      if (x > left && x + legendEntry(one) > width) {
        x = left;
        rows++;
      }
      x += legendEntry(one);
    }
    return 56 + (rows - 1) * LEGEND_ROW;
  }

  private static double legendEntry(Series series) {
    return 36 + 5.9 * series.name().length();
  }

  /// Height of a row of the legend.
  double LEGEND_ROW = 16;

  /// The opening of a figure.
  static String open(String title, double width, double height, String style, String data) {
    return String.format(
        Locale.ROOT,
        "<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %s %s\" role=\"img\""
            + " aria-label=\"%s\"%s>%s",
        Svg.px(width),
        Svg.px(height),
        Svg.escape(title),
        data,
        style);
  }

  /// The numbers that a vertical axis must hold.
  static DoubleStream heights(List<Series> series) {
    return series.stream()
        .flatMap(one -> one.points().stream())
        .flatMapToDouble(point -> DoubleStream.of(point.low(), point.y(), point.high()));
  }
}
