package io.alidade.serve;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/// Counts of what a server did, in Prometheus' text format.
final class Metrics {
  private final Map<String, LongAdder> requests = new ConcurrentSkipListMap<>();
  private final LongAdder nanos = new LongAdder();
  private final LongAdder done = new LongAdder();
  private final LongAdder promptTokens = new LongAdder();
  private final LongAdder newTokens = new LongAdder();
  private final LongAdder steps = new LongAdder();
  private final LongAdder stepRows = new LongAdder();
  private final LongAdder gone = new LongAdder();

  void request(String path, int status, long took) {
    requests
        .computeIfAbsent("path=\"%s\",status=\"%d\"".formatted(path, status), _ -> new LongAdder())
        .increment();
    done.increment();
    nanos.add(took);
  }

  void tokens(int prompt, int drawn) {
    promptTokens.add(prompt);
    newTokens.add(drawn);
  }

  void step(int rows) {
    steps.increment();
    stepRows.add(rows);
  }

  void disconnected() {
    gone.increment();
  }

  /// @param workers by the names of their models
  String text(Map<String, Worker> workers) {
    var text = new StringBuilder();
    head(text, "requests_total", "counter", "Requests by path and status.");
    requests.forEach((labels, count) -> line(text, "requests_total{" + labels + "}", count.sum()));
    head(text, "request_seconds", "summary", "Time from the first byte to the last.");
    line(text, "request_seconds_sum", String.format(Locale.ROOT, "%.6f", nanos.sum() / 1e9));
    line(text, "request_seconds_count", done.sum());
    counter(text, "prompt_tokens_total", "Tokens of prompts.", promptTokens);
    counter(text, "new_tokens_total", "Tokens drawn.", newTokens);
    counter(text, "steps_total", "Steps of decoding.", steps);
    counter(text, "step_rows_total", "Rows of all steps, still at work after them.", stepRows);
    counter(text, "disconnects_total", "Clients that went before their answer.", gone);
    head(text, "rows_active", "gauge", "Answers that are being drawn.");
    workers.forEach((name, worker) -> line(text, "rows_active" + label(name), worker.active()));
    head(text, "rows_waiting", "gauge", "Answers that wait.");
    workers.forEach((name, worker) -> line(text, "rows_waiting" + label(name), worker.waiting()));
    return text.toString();
  }

  private static void counter(StringBuilder text, String name, String help, LongAdder count) {
    head(text, name, "counter", help);
    line(text, name, count.sum());
  }

  private static void head(StringBuilder text, String name, String type, String help) {
    text.append("# HELP alidade_%s %s%n".formatted(name, help).replace("\r", ""));
    text.append("# TYPE alidade_%s %s%n".formatted(name, type).replace("\r", ""));
  }

  private static void line(StringBuilder text, String name, long value) {
    line(text, name, Long.toString(value));
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append("alidade_").append(name).append(' ').append(value).append('\n');
  }

  private static String label(String model) {
    return "{model=\""
        + model.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")
        + "\"}";
  }
}
