package io.alidade.journal;

import io.alidade.UserException;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.Set;

/// The metrics of a run, read back.
///
/// @param rows in the order they were logged
public record MetricsLog(List<Row> rows) {
  /// One report.
  ///
  /// @param step optimiser steps done
  /// @param epoch passes over the data done
  /// @param seconds of wall time since the run began
  /// @param metrics by name; NaN and infinities may occur
  public record Row(
      long step, double epoch, double seconds, SequencedMap<String, Double> metrics) {}

  /// A point of a curve.
  public record Point(double step, double value) {}

  /// Reads `metrics.jsonl` of a run; a half-written last line, of a run that is at work, is left
  /// out.
  public static MetricsLog read(Path run) {
    var file = run.resolve("metrics.jsonl");
    if (!Files.exists(file)) {
      return new MetricsLog(List.of());
    }
    try {
      var text = Files.readString(file);
      var rows = new ArrayList<Row>();
      int number = 0;
      for (var line : text.substring(0, text.lastIndexOf('\n') + 1).lines().toList()) {
        var where = file + " line " + ++number;
        var json = Json.object(where, Json.parse(where, line));
        var metrics = new LinkedHashMap<String, Double>();
        for (var entry : json.properties()) {
          if (!Set.of("step", "epoch", "seconds").contains(entry.getKey())) {
            metrics.put(entry.getKey(), Json.number(where, entry.getValue()));
          }
        }
        rows.add(
            new Row(
                json.path("step").asLong(0),
                json.path("epoch").asDouble(0),
                json.path("seconds").asDouble(0),
                metrics));
      }
      return new MetricsLog(List.copyOf(rows));
    } catch (IOException e) {
      throw new UserException("cannot read %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  /// Every name that occurs, in order of appearance.
  public Set<String> names() {
    var names = new LinkedHashSet<String>();
    rows.forEach(row -> names.addAll(row.metrics.keySet()));
    return names;
  }

  /// The curve of one metric, finite values only.
  public List<Point> curve(String name) {
    return rows.stream()
        .filter(row -> Double.isFinite(row.metrics.getOrDefault(name, Double.NaN)))
        .map(row -> new Point(row.step, row.metrics.getOrDefault(name, Double.NaN)))
        .toList();
  }

  /// The first value of a metric.
  public OptionalDouble first(String name) {
    return curve(name).stream().mapToDouble(Point::value).findFirst();
  }

  /// The last value of a metric.
  public OptionalDouble last(String name) {
    return curve(name).stream().mapToDouble(Point::value).reduce((_, later) -> later);
  }
}
