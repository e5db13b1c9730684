package io.alidade.explain;

import io.alidade.recipe.Javadoc;
import io.alidade.recipe.Node;
import io.alidade.recipe.Resolved;
import io.alidade.report.Chart;
import io.alidade.report.Page;
import io.alidade.report.Series;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// An objective for a reader: what its author says of it, what it needs, how it behaves, and the
/// limits in which it becomes another. Curves and limits are computed by the objective itself, in
/// float64, when the explanation is made.
public final class Explanation {
  private static final double[] ROWS = {-10, -5, -2, -1, 0, 1, 2, 5, 10};
  private static final int COLUMNS = 61; // of the plot in the terminal
  private static final int FINE =
      121; // points of the picture, every other one a column of the plot
  private static final int WIDTH = 80; // characters of a line of text
  private static final String SLOPE = "minus d loss / d log-likelihood";
  private static final String PUSH = "Push: minus the derivative of the loss by the log-likelihood";

  private final Subject subject;
  private final Javadoc text;
  private final Sweep sweep;
  private final List<Limit.Checked> limits;

  /// Evaluates what is shown.
  public Explanation(Subject subject) {
    this.subject = subject;
    var objective = subject.objective();
    var declared = Declared.of(subject.name());
    var signals = Declared.allSignals();
    text = Javadoc.of(objective.getClass());
    sweep = new Sweep(objective, signals, declared.moving());
    limits =
        declared.limits().stream()
            .map(limit -> limit.check(objective, signals, declared.moving()))
            .toList();
  }

  /// Name of the objective.
  public String name() {
    return subject.name();
  }

  /// Whether every limit was confirmed.
  public boolean confirmed() {
    return limits.stream().allMatch(Limit.Checked::holds);
  }

  /// For the terminal.
  public String text() {
    var out = new StringBuilder();
    out.append(subject.name()).append('\n').append("=".repeat(subject.name().length()));
    for (var paragraph : text.paragraphs()) {
      out.append("\n\n").append(wrapped(plain(paragraph), 0));
    }
    out.append("\n\nParameters").append(origin()).append('\n');
    var values = values();
    if (values.isEmpty()) {
      out.append("  none\n");
    }
    values.forEach((key, value) ->
        out.append("  %s = %s%n%s%n".formatted(key, value, wrapped(meaning(key), 6))));
    out.append("\nNeeds\n");
    Wants.of(subject.objective().needs())
        .forEach((what, which) -> out.append("  %-13s %s%n".formatted(what, which)));
    out.append('\n').append("Curve over the ").append(sweep.axis()).append('\n');
    out.append(wrapped(sweep.assumption(), 2)).append("\n\n");
    table(out);
    out.append('\n');
    var columns = Sweep.places(COLUMNS);
    out.append(Plot.text("loss", Sweep.LOW, Sweep.HIGH, sweep.losses(columns))).append('\n');
    out.append(Plot.text("push", Sweep.LOW, Sweep.HIGH, sweep.pushes(columns)));
    out.append("  ").append(PUSH).append("; positive makes an answer likelier\n");
    if (!limits.isEmpty()) {
      out.append("\nLimits, computed now (a slope is minus the push)\n");
      for (var limit : limits) {
        out.append(limit.holds() ? "  ok      " : "  FAILED  ");
        out.append(wrapped(limit.note(), 10).strip());
        out.append("\n          ").append(limit.measured()).append('\n');
      }
    }
    return out.toString();
  }

  /// As a page of its own.
  public String html() {
    var summary = plain(text.paragraphs().getFirst());
    var page = new Page("objective", subject.name(), summary);
    text.paragraphs().stream().skip(1).forEach(paragraph -> page.prose(unlinked(paragraph)));
    page.heading("Curve");
    page.paragraph("Over the " + sweep.axis() + "; " + sweep.assumption() + ".");
    page.paragraph(PUSH + "; positive makes an answer likelier.");
    var places = Sweep.places(FINE);
    page.charts(
        List.of(
            Chart.Lines.of("loss", sweep.axis(), "loss", series(places, sweep.losses(places))),
            Chart.Lines.of("push", sweep.axis(), SLOPE, series(places, sweep.pushes(places)))));
    page.heading("Numbers");
    page.table(headings(), rows());
    page.heading("Parameters" + origin());
    var values = values();
    page.table(
        List.of("parameter", "value", "meaning and range"),
        values.entrySet().stream()
            .map(e -> List.of(e.getKey(), e.getValue(), meaning(e.getKey())))
            .toList());
    page.heading("Needs").facts(Wants.of(subject.objective().needs()));
    if (!limits.isEmpty()) {
      page.heading("Limits");
      page.paragraph("Computed in float64 when this page was written; a slope is minus the push.");
      page.table(
          List.of("", "fact", "found"),
          limits.stream()
              .map(l -> List.of(l.holds() ? "holds" : "FAILED", l.note(), l.measured()))
              .toList());
    }
    return page.html();
  }

  private String origin() {
    return subject.recipe().map(recipe -> " (recipe " + recipe + ")").orElse("");
  }

  /// What a parameter means, and what may stand there if that is one of several names.
  private String meaning(String key) {
    return plain(text.parameters().getOrDefault(key, ""))
        + Wants.choices(subject.objective().getClass(), key);
  }

  private SequencedMap<String, String> values() {
    var values = new LinkedHashMap<String, String>();
    Resolved.of((Record) subject.objective())
        .entries()
        .forEach((key, node) -> values.put(key, shown(node)));
    return values;
  }

  /// A value on one line, as it would be set.
  private static String shown(Node node) {
    return switch (node) {
      case Node.Scalar(var value, _, _) -> value;
      case Node.Sequence(var items, _) ->
          items.stream().map(Explanation::shown).collect(Collectors.joining(", ", "[", "]"));
      case Node.Mapping(var entries, _) -> {
        boolean bare = isBare(entries);
        yield entries.entrySet().stream()
            .map(e -> isEmpty(e.getValue()) ? e.getKey() : e.getKey() + ": " + shown(e.getValue()))
            .collect(Collectors.joining(", ", bare ? "" : "{", bare ? "" : "}"));
      }
    };
  }

  /// Whether a map is a component without parameters: its name says it all.
  private static boolean isBare(SequencedMap<String, Node> entries) {
    return entries.size() == 1 && isEmpty(entries.firstEntry().getValue());
  }

  private static boolean isEmpty(Node node) {
    return node instanceof Node.Mapping(var entries, _) && entries.isEmpty();
  }

  private List<String> headings() {
    var headings = new ArrayList<String>(List.of("nats"));
    sweep
        .losses(0)
        .forEach(c -> headings.add(c.name().equals("loss") ? "loss" : "loss, " + c.name()));
    sweep.pushes(0).forEach(c -> headings.add("push, " + c.name()));
    return headings;
  }

  private List<List<String>> rows() {
    var curves = Stream.concat(sweep.losses(ROWS).stream(), sweep.pushes(ROWS).stream()).toList();
    return IntStream.range(0, ROWS.length)
        .mapToObj(i ->
            Stream.concat(
                    Stream.of(Plot.number(ROWS[i])),
                    curves.stream().map(curve -> Plot.number(curve.values()[i])))
                .toList())
        .toList();
  }

  private void table(StringBuilder out) {
    var headings = headings();
    var rows = new ArrayList<List<String>>(List.of(headings));
    rows.addAll(rows());
    for (var row : rows) {
      for (int c = 0; c < row.size(); c++) {
        int width = Math.max(9, headings.get(c).length());
        out.append(("  %" + width + "s").formatted(row.get(c)));
      }
      out.append('\n');
    }
  }

  private static List<Series> series(double[] places, List<Sweep.Curve> curves) {
    return curves.stream()
        .map(curve ->
            Series.line(
                curve.name(),
                IntStream.range(0, places.length)
                    .mapToObj(i -> new Series.Point(places[i], curve.values()[i]))
                    .toList()))
        .toList();
  }

  /// Markdown without its marks.
  private static String plain(String markdown) {
    return unlinked(markdown).replace("`", "");
  }

  private static String unlinked(String markdown) {
    return markdown.replaceAll("\\[#?([A-Za-z][\\w.#]*)(\\([^)]*\\))?\\]", "$1");
  }

  private static String wrapped(String text, int indent) {
    var out = new StringBuilder();
    var line = new StringBuilder(" ".repeat(indent));
    for (var word : text.split(" ", -1)) {
      if (line.length() > indent && line.length() + word.length() + 1 > WIDTH) {
        out.append(line.toString().stripTrailing()).append('\n');
        line = new StringBuilder(" ".repeat(indent));
      }
      line.append(line.length() > indent ? " " : "").append(word);
    }
    return out.append(line.toString().stripTrailing()).toString();
  }
}
