package io.alidade.run;

import io.alidade.report.Chart;
import io.alidade.report.Page;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;

/// What an evaluation found: a table of measures, and figures.
///
/// @param title of the page
/// @param subject what the rows are, such as `model`
/// @param rows measures by name of a row, in order; names of measures are in `docs/metrics.md`
/// @param charts figures of them
/// @param notes lines about what could not be measured, and why
public record Evaluation(
    String title,
    String subject,
    SequencedMap<String, SequencedMap<String, Double>> rows,
    List<Chart> charts,
    List<String> notes) {
  /// Names of all measures, in order of first mention.
  public List<String> measures() {
    var names = new LinkedHashSet<String>();
    rows.values().forEach(measures -> names.addAll(measures.keySet()));
    return List.copyOf(names);
  }

  /// A measure of a row as it is shown; `-` where there is none.
  public String shown(String row, String measure) {
    var measures = rows.getOrDefault(row, new LinkedHashMap<>());
    var value = measures.get(measure);
    return value == null || Double.isNaN(value)
        ? "-"
        : String.format(
            Locale.ROOT,
            Math.abs(value) > 1 && value == Math.rint(value)
                ? "%.0f"
                : Math.abs(value) >= 100 ? "%.1f" : "%.4f",
            value);
  }

  /// Writes `evaluate.json`, `evaluate.html`, and each figure as a picture, `figure-1.svg` and so
  /// on.
  public void write(Path folder) {
    var json = new LinkedHashMap<String, Object>();
    json.put("title", title);
    json.put(subject + "s", rows);
    json.put("notes", notes);
    Json.write(folder.resolve("evaluate.json"), json);
    pictures(folder);
    var page = new Page("Alidade · evaluation", title, "%d %ss".formatted(rows.size(), subject));
    var table = new ArrayList<List<String>>();
    for (var measure : measures()) {
      var line = new ArrayList<String>(List.of(measure));
      rows.keySet().forEach(row -> line.add(shown(row, measure)));
      table.add(line);
    }
    var headings = new ArrayList<String>(List.of("measure"));
    headings.addAll(rows.keySet());
    page.heading("Measures").table(headings, table);
    if (!charts.isEmpty()) {
      page.heading("Figures").charts(charts);
    }
    if (!notes.isEmpty()) {
      page.heading("What was left out");
      notes.forEach(page::paragraph);
    }
    AtomicFiles.text(folder.resolve("evaluate.html"), page.html());
  }

  private void pictures(Path folder) {
    for (int f = 0; f < charts.size(); f++) {
      AtomicFiles.text(
          folder.resolve("figure-%d.svg".formatted(f + 1)), charts.get(f).standalone() + "\n");
    }
    try {
      int next = charts.size() + 1; // figures of an earlier evaluation that had more of them
      while (java.nio.file.Files.deleteIfExists(folder.resolve("figure-%d.svg".formatted(next)))) {
        next++;
      }
    } catch (java.io.IOException e) {
      throw new io.alidade.UserException(
          "cannot write %s: %s".formatted(folder, e.getMessage()), e);
    }
  }
}
