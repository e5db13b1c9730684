package io.alidade.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class ChartTest {
  private static List<Series.Point> points(double... ys) {
    return IntStream.range(0, ys.length).mapToObj(i -> new Series.Point(i, ys[i])).toList();
  }

  private static Document parsed(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }

  private static void keep(String name, Chart chart) throws IOException {
    var folder = System.getProperty("alidade.keep");
    if (folder != null) {
      Files.writeString(Path.of(folder, name), chart.standalone());
    }
  }

  @Test
  void isWellFormedAndEscapes() throws Exception {
    var chart =
        Chart.Lines.of(
            "a < b & \"c\"",
            "x",
            "y",
            List.of(Series.line("one <&>", points(1, 2, 3)), Series.line("two", points(3, 2, 1))));
    var document = parsed(chart.standalone());
    assertThat(document.getElementsByTagName("path").getLength()).isEqualTo(2);
    assertThat(document.getDocumentElement().getAttribute("aria-label")).isEqualTo("a < b & \"c\"");
  }

  @Test
  void drawsBandsDotsBarsAndLogarithms() throws Exception {
    var band = new ArrayList<Series.Point>();
    var noisy = new ArrayList<Series.Point>();
    for (int i = 0; i <= 100; i++) {
      double y = Math.exp(-i / 30.0);
      band.add(new Series.Point(i, y, y * 0.7, y * 1.4));
      noisy.add(new Series.Point(i, y * (1 + 0.3 * Math.sin(i * 7.0))));
    }
    var lines =
        new Chart.Lines(
            "Logarithmic, with a band",
            "step",
            "nats",
            List.of(Series.line("mean", band), new Series("noisy", noisy, Series.Style.DOTS)),
            true,
            0.1);
    keep("band.svg", lines);
    var document = parsed(lines.svg());
    assertThat(document.getElementsByTagName("circle").getLength()).isEqualTo(102);
    assertThat(lines.svg())
        .contains("class=\"band f0\"")
        .contains("class=\"level\"")
        .doesNotContain("NaN");
    var bars =
        new Chart.Bars(
            "Held-out accuracy by method",
            "accuracy",
            List.of("dpo", "ipo", "kto"),
            List.of(
                new Series(
                    "seed mean",
                    List.of(
                        new Series.Point(0, 0.7, 0.66, 0.74),
                        new Series.Point(1, 0.68, 0.65, 0.7),
                        new Series.Point(2, 0.6, 0.5, 0.65)),
                    Series.Style.LINE),
                new Series("before", points(0.5, 0.5, 0.5), Series.Style.LINE)));
    keep("bars.svg", bars);
    assertThat(parsed(bars.standalone()).getElementsByTagName("rect").getLength()).isEqualTo(6);
    var many =
        new Chart.Bars(
            "Long names",
            "margin",
            List.of(
                "a-long-name-of-a-method",
                "another-long-name-of-one",
                "third",
                "fourth-name-also-long",
                "negative"),
            List.of(Series.line("m", points(0.2, 0.4, 0.1, 0.3, -0.2))));
    keep("long.svg", many);
    assertThat(many.svg()).contains("rotate(-35)");
  }

  @Test
  void survivesNothingAndOnePointAndNonFinite() throws Exception {
    for (var ys :
        List.of(
            new double[] {},
            new double[] {1},
            new double[] {0, 0},
            new double[] {Double.NaN, 1, Double.POSITIVE_INFINITY})) {
      for (boolean logarithmic : new boolean[] {true, false}) {
        var chart =
            new Chart.Lines(
                "t", "x", "y", List.of(Series.line("s", points(ys))), logarithmic, Double.NaN);
        parsed(chart.svg());
        assertThat(chart.svg()).doesNotContain("NaN", "Infinity");
      }
    }
  }

  @Test
  void barsStandSideBySideBelowTheirWhiskers() throws Exception {
    var first = List.of(new Series.Point(0, 1, 0.5, 1.5), new Series.Point(1, 2, 1.5, 2.5));
    var second = List.of(new Series.Point(0, 3, 2.5, 3.5), new Series.Point(1, 4, 3.5, 4.5));
    var bars =
        new Chart.Bars(
            "t",
            "y",
            List.of("a", "b"),
            List.of(Series.line("s", first), Series.line("u", second)));
    var document = parsed(bars.svg());
    var rects = document.getElementsByTagName("rect");
    var edges = new ArrayList<Double>();
    for (int i = 0; i < rects.getLength(); i++) {
      edges.add(number(rects.item(i), "x"));
      edges.add(number(rects.item(i), "x") + number(rects.item(i), "width"));
    }
    assertThat(edges).hasSize(8).isSorted();
    var lines = document.getElementsByTagName("line");
    int upright = 0;
    for (int i = 0; i < lines.getLength(); i++) {
      if (number(lines.item(i), "x1") == number(lines.item(i), "x2")) {
        int bar = 2 * upright++;
        assertThat(number(lines.item(i), "x1")).isBetween(edges.get(bar), edges.get(bar + 1));
      }
    }
    assertThat(upright).isEqualTo(4);
  }

  private static double number(org.w3c.dom.Node node, String name) {
    return Double.parseDouble(node.getAttributes().getNamedItem(name).getNodeValue());
  }

  @Test
  void aLegendThatIsTooWideGoesOnInTheNextRow() throws Exception {
    var series =
        IntStream.range(0, 6)
            .mapToObj(i -> Series.line("a name of thirty characters " + i, points(1, 2)))
            .toList();
    var document = parsed(Chart.Lines.of("t", "x", "y", series).svg());
    var texts = document.getElementsByTagName("text");
    int names = 0;
    double lowest = 0;
    for (int i = 0; i < texts.getLength(); i++) {
      if (texts.item(i).getTextContent().startsWith("a name")) {
        names++;
        assertThat(number(texts.item(i), "x") + 5.9 * 29).isLessThan(520);
        lowest = Math.max(lowest, number(texts.item(i), "y"));
      }
    }
    assertThat(names).isEqualTo(6);
    var path = document.getElementsByTagName("path").item(0).getAttributes().getNamedItem("d");
    assertThat(path.getNodeValue()).isNotBlank();
    // The plot begins below the last row.
    var grid = document.getElementsByTagName("line");
    for (int i = 0; i < grid.getLength(); i++) {
      if (grid.item(i).getAttributes().getNamedItem("class").getNodeValue().equals("grid")) {
        assertThat(number(grid.item(i), "y1")).isGreaterThan(lowest);
      }
    }
  }

  @Test
  void barsMatchCategories() {
    assertThatThrownBy(
            () -> new Chart.Bars("t", "y", List.of("a"), List.of(Series.line("s", points(1, 2)))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("series 's' has 2 bars for 1 categories");
  }

  @Test
  void thinsLongLinesButKeepsTheirMean() {
    var ys = DoubleStream.iterate(0, y -> y + 1).limit(10_000).toArray();
    var svg = Chart.Lines.of("t", "x", "y", List.of(Series.line("s", points(ys)))).svg();
    assertThat(svg.length()).isLessThan(60_000);
  }

  @Test
  void marksRoundNumbers() {
    assertThat(new Axis(0, 1, false, 0, 100).ticks(5))
        .containsExactly(0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0);
    assertThat(new Axis(0.001, 1000, true, 0, 100).ticks(7)).contains(0.001, 1.0, 1000.0);
    assertThat(new Axis(2, 8, true, 0, 100).ticks(5)).startsWith(2.0, 3.0, 4.0);
    assertThat(new Axis(0, 10, false, 100, 0).at(2.5)).isEqualTo(75, within(1e-9));
    assertThat(new Axis(1, 100, true, 0, 100).at(10)).isEqualTo(50, within(1e-9));
  }

  @Test
  void labelsNumbersShort() {
    assertThat(
            List.of(0.0, 0.6000000000000001, 1e-6, 2.5e-5, 12000.0, 100.0, -0.25, 3e7).stream()
                .map(Axis::label))
        .containsExactly("0", "0.6", "1e-6", "2.5e-5", "12k", "100", "-0.25", "3e7");
  }
}
