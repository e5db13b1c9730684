package io.alidade.journal;

import io.alidade.UserException;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.LongSupplier;

/// `metrics.jsonl`: one line a report, `step`, `epoch`, `seconds` (of wall time, over all starts of
/// the run) and the metrics. Evaluations have lines of their own, with names under `eval_`.
final class MetricsFile implements Journal {
  private final Path file;
  private final BufferedWriter out;
  private final LongSupplier clock;
  private final long begun;
  private final double before; // seconds that earlier starts took

  private MetricsFile(Path file, BufferedWriter out, LongSupplier clock, double before) {
    this.file = file;
    this.out = out;
    this.clock = clock;
    this.begun = clock.getAsLong();
    this.before = before;
  }

  static MetricsFile open(Path file, long step, LongSupplier nanoClock) {
    var kept = Files.exists(file) ? upTo(file, step) : List.<String>of();
    try {
      AtomicFiles.text(file, kept.isEmpty() ? "" : String.join("\n", kept) + "\n");
      double before =
          kept.isEmpty()
              ? 0
              : Json.object(file.toString(), Json.parse(file.toString(), kept.getLast()))
                  .path("seconds")
                  .asDouble(0);
      return new MetricsFile(
          file, Files.newBufferedWriter(file, StandardOpenOption.APPEND), nanoClock, before);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /// The whole lines of reports up to a step; a kill may have left half a line at the end.
  private static List<String> upTo(Path file, long step) {
    try {
      var text = Files.readString(file);
      var kept = new ArrayList<String>();
      int number = 0;
      for (var line : text.substring(0, text.lastIndexOf('\n') + 1).lines().toList()) {
        var where = file + " line " + ++number;
        if (Json.object(where, Json.parse(where, line)).path("step").asLong(0) <= step) {
          kept.add(line);
        }
      }
      return kept;
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  @Override
  public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
    var line = new LinkedHashMap<String, Object>();
    line.put("step", step);
    line.put("epoch", epoch);
    line.put("seconds", Math.round(1e3 * (before + (clock.getAsLong() - begun) / 1e9)) / 1e3);
    line.putAll(metrics);
    try {
      out.write(Json.line(line));
      out.write('\n');
      out.flush();
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  @Override
  public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {
    log(step, epoch, prefixed(metrics));
  }

  static SequencedMap<String, Double> prefixed(SequencedMap<String, Double> metrics) {
    var prefixed = new LinkedHashMap<String, Double>();
    metrics.forEach(
        (name, value) -> prefixed.put(name.startsWith("eval_") ? name : "eval_" + name, value));
    return prefixed;
  }

  @Override
  public void message(String line) {}

  @Override
  public void progress(
      String what, long done, long total, String unit, SequencedMap<String, Double> shown) {}

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static UserException failed(Path file, IOException e) {
    return new UserException(
        "cannot write %s (%s): free some space or choose another --out"
            .formatted(file, e.getMessage()),
        e);
  }
}
