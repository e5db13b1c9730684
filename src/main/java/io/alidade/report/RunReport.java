package io.alidade.report;

import io.alidade.UserException;
import io.alidade.journal.MetricsLog;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// `report.html` of a run: what it was, what it changed, how it went, where it comes from, and how
/// to use the result. Everything on the page is read from the run's folder, so that it can be made
/// again at any time.
public final class RunReport {
  private RunReport() {}

  /// Keeps headline numbers and samples beside the run's other files, and writes the page.
  ///
  /// @param run folder of the run
  /// @param headlines empty for what the evaluations of the log tell
  /// @param samples may be empty
  public static void write(Path run, List<Headline> headlines, List<Sample> samples) {
    new Summary(headlines, samples).write(run);
    write(run);
  }

  /// Writes the page from what the run's folder holds.
  public static void write(Path run) {
    AtomicFiles.text(run.resolve("report.html"), html(run));
  }

  static String html(Path run) {
    var log = MetricsLog.read(run);
    var yaml = text(run.resolve("resolved.yaml"));
    var provenance = run.resolve("provenance.json");
    SequencedMap<String, String> facts =
        Files.exists(provenance) ? facts(Json.readObject(provenance)) : new LinkedHashMap<>();
    var page =
        new Page(
            "Alidade · run report",
            find(yaml, "\\n  objective:(?: |\\n    )(\\w+)")
                + " on "
                + last(find(yaml, "\\n  model: (.*)")),
            subtitle(log, yaml, facts));
    var summary = Summary.read(run);
    var headlines = summary.headlines().isEmpty() ? Summary.headlines(log) : summary.headlines();
    page.markup(cards(headlines));
    var charts = Curves.of(log);
    if (!charts.isEmpty()) {
      page.heading("How it went").charts(charts);
    }
    if (!summary.samples().isEmpty()) {
      page.heading("What it writes").markup(samples(summary.samples()));
    }
    page.heading("Use the result").markup("<div class=\"two\"><div>");
    page.pre(Usage.commands(run)).markup("</div><div>").pre(Usage.java(run)).markup("</div></div>");
    page.heading("Recipe and scale").pre(yaml);
    if (!facts.isEmpty()) {
      page.heading("Where it comes from").facts(facts);
    }
    page.markup(
        "<footer>Made by Alidade from the files of this run: metrics.jsonl, resolved.yaml,"
            + " provenance.json, summary.json. Thin lines show each report, thick lines their moving"
            + " average; broken lines are held-out data.</footer>");
    return page.html();
  }

  private static String subtitle(MetricsLog log, String yaml, SequencedMap<String, String> facts) {
    var parts = new ArrayList<String>();
    parts.add("data " + last(find(yaml, "\\n  data: (.*)")));
    if (!log.rows().isEmpty()) {
      var last = log.rows().getLast();
      parts.add(last.step() + " steps");
      parts.add(duration(last.seconds()));
    }
    var started = facts.get("started");
    if (started != null) {
      parts.add(started.replaceFirst("T(\\d\\d:\\d\\d).*", " $1 UTC"));
    }
    return String.join("  ·  ", parts);
  }

  private static String duration(double seconds) {
    long whole = Math.round(seconds);
    return whole >= 3600
        ? "%d h %02d min".formatted(whole / 3600, whole / 60 % 60)
        : whole >= 60 ? "%d min %02d s".formatted(whole / 60, whole % 60) : whole + " s";
  }

  private static String find(String yaml, String pattern) {
    var matcher = Pattern.compile(pattern).matcher("\n" + yaml);
    return matcher.find() ? matcher.group(1).replace("\"", "") : "–";
  }

  /// What a heading says of a folder or file: its own name. A name on the hub stays as it is.
  private static String last(String name) {
    return name.startsWith("/") || name.split("[/\\\\]", -1).length > 2
        ? name.replaceFirst(".*[/\\\\](?=[^/\\\\])", "")
        : name;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UserException(
          "%s is not the folder of a run: cannot read %s".formatted(file.getParent(), file), e);
    }
  }

  private static String cards(List<Headline> headlines) {
    var html = new StringBuilder("<div class=\"cards\">");
    for (var one : headlines) {
      html.append("<div class=\"card\"><div class=\"name\">").append(Svg.escape(one.name()));
      html.append("</div><div class=\"value\">").append(number(one.unit(), one.after()));
      html.append("</div>");
      if (one.before().isPresent()) {
        double change = one.after() - one.before().getAsDouble();
        html.append("<div class=\"was %s\">".formatted(verdict(one.better(), change)));
        html.append(change < 0 ? "▼ " : change > 0 ? "▲ " : "");
        html.append("from ")
            .append(number(one.unit(), one.before().getAsDouble()))
            .append("</div>");
      }
      html.append("<div class=\"note\">").append(Svg.escape(one.note())).append("</div></div>\n");
    }
    return html.append("</div>\n").toString();
  }

  private static String verdict(Headline.Better better, double change) {
    return switch (better) {
      case NEITHER -> "soft";
      case HIGHER -> change > 0 ? "good" : change < 0 ? "bad" : "soft";
      case LOWER -> change < 0 ? "good" : change > 0 ? "bad" : "soft";
    };
  }

  private static String number(Headline.Unit unit, double value) {
    return switch (unit) {
      case PERCENT -> String.format(Locale.ROOT, "%.1f %%", 100 * value);
      case PLAIN ->
          value == 0
              ? "0"
              : String.format(
                  Locale.ROOT,
                  Math.abs(value) >= 100 ? "%.1f" : Math.abs(value) >= 1 ? "%.3f" : "%.4f",
                  value);
    };
  }

  private static String samples(List<Sample> samples) {
    var html = new StringBuilder();
    for (var sample : samples) {
      html.append("<div class=\"sample\"><div class=\"prompt\"><div class=\"tag\">Prompt");
      html.append(sample.note().isEmpty() ? "" : " · " + Svg.escape(sample.note()));
      html.append("</div>").append(code(sample.prompt()));
      html.append("</div><div class=\"sides\"><div><div class=\"tag\">Before</div>");
      html.append(code(sample.before()));
      html.append("</div><div><div class=\"tag\">After</div>").append(code(sample.after()));
      html.append("</div></div></div>\n");
    }
    return html.toString();
  }

  private static String code(String text) {
    return text.isBlank()
        ? "<div class=\"text soft\">(nothing)</div>"
        : "<div class=\"text\">" + Svg.escape(text.strip()) + "</div>";
  }

  private static SequencedMap<String, String> facts(JsonNode json) {
    var facts = new LinkedHashMap<String, String>();
    var command = new ArrayList<String>();
    json.path("command").forEach(word -> command.add(word.asString()));
    facts.put("command", String.join(" ", command));
    facts.put("started", json.path("started").asString(""));
    json.path("resumed")
        .forEach(time -> facts.merge("resumed", time.asString(), (a, b) -> a + ", " + b));
    if (json.has("finished")) {
      facts.put("finished", json.path("finished").asString());
    }
    facts.put("version", flat(json.path("tool")));
    facts.put("seed", json.path("seed").asString());
    facts.put(
        "device",
        json.path("device").asString() + ", " + json.path("threads").asString() + " threads");
    facts.put("machine", flat(json.path("machine")));
    facts.put("java", flat(json.path("java")));
    for (var input : json.path("inputs")) {
      facts.put(
          input.path("role").asString(),
          "%s  (%s bytes, SHA-256 %s)"
              .formatted(
                  input.path("name").asString(),
                  input.path("bytes").asString(),
                  input.path("sha256").asString()));
    }
    return facts;
  }

  private static String flat(JsonNode object) {
    var parts = new ArrayList<String>();
    object
        .properties()
        .forEach(e -> parts.add(e.getKey().replace('_', ' ') + " " + e.getValue().asString()));
    return String.join(", ", parts);
  }
}
