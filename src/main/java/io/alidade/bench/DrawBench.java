package io.alidade.bench;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.generation.Throughput;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.store.Json;
import io.alidade.tensor.Natives;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// Draws from a model with random weights, and sets what that takes against the rate at which this
/// machine reads memory: few rows wait for weights.
///
/// @param rows R, drawn together
/// @param promptTokens of each row
/// @param newTokens of each row
/// @param rounds measured, after one that is not
public record DrawBench(
    Shape shape,
    int rows,
    int promptTokens,
    int newTokens,
    int rounds,
    int threads,
    Precision precision) {
  private static final Pattern SIZES = Pattern.compile("(\\d{1,6})x(\\d{1,6})x(\\d{1,6})");

  /// Checks the ranges.
  public DrawBench {
    Check.atLeast("rows", 1, rows);
    Check.atLeast("prompt", 1, promptTokens);
    Check.atLeast("new tokens", 2, newTokens);
    Check.atLeast("rounds", 1, rounds);
    Check.atLeast("threads", 1, threads);
  }

  /// Reads `8x64x128`: rows, tokens of a prompt, new tokens.
  public static DrawBench of(
      Shape shape, String sizes, int rounds, int threads, Precision precision) {
    var parts = SIZES.matcher(sizes);
    if (!parts.matches()) {
      throw new UserException(
          "--draw %s: give rows, tokens of a prompt and new tokens, as in 8x64x128"
              .formatted(sizes));
    }
    return new DrawBench(
        shape,
        Integer.parseInt(parts.group(1)),
        Integer.parseInt(parts.group(2)),
        Integer.parseInt(parts.group(3)),
        rounds,
        threads,
        precision);
  }

  /// What drawing took.
  ///
  /// @param rounds in which it was drawn
  /// @param peak most memory that was resident, bytes, if known
  /// @param machine processor and libraries in one line
  record Measured(Throughput rounds, OptionalLong peak, String machine) {}

  /// What was measured.
  ///
  /// @param peak most memory that was resident, bytes, if known
  /// @param machine processor and libraries in one line
  /// @param weights bytes that are read for a token of every row
  /// @param memory bytes a second that this machine reads, the mean of before and after
  public record Report(
      DrawBench bench,
      Throughput measured,
      OptionalLong peak,
      String machine,
      long weights,
      double memory) {
    /// Share of the rate of memory at which weights were read, if each step reads them once.
    public double utilisation() {
      return weights / (measured.stepMillis() / 1000) / memory;
    }

    /// For a program.
    public ObjectNode json() {
      var json = Json.mapper().createObjectNode();
      peak.ifPresent(bytes -> json.put("peak_resident_mib", bytes >> 20));
      var cpu = measured.rounds().stream().map(Throughput.Round::processor).toList();
      return json.put("shape", bench.shape.toString())
          .put("rows", bench.rows)
          .put("prompt_tokens", bench.promptTokens)
          .put("new_tokens", bench.newTokens)
          .put("threads", bench.threads)
          .put("precision", bench.precision.toString())
          .put("tokens_per_second", measured.tokensPerSecond())
          .put("step_ms", measured.stepMillis())
          .put("read_ms_per_prompt", measured.readMillis())
          .put("cpu_ms_per_step", 1000 * Machine.median(cpu) / (bench.newTokens - 1))
          .put("memory_gb_per_second", memory / 1e9)
          .put("utilisation", utilisation())
          .put("resident_bytes", measured.rounds().getLast().resident())
          .put("machine", machine);
    }

    /// For a reader.
    public String text() {
      double seconds = measured.stepMillis() / 1000;
      var resident = measured.rounds().getLast().resident();
      return String.format(
          Locale.ROOT,
          """
          %s, drawing %d rows, %d tokens of prompt and %d new ones each, %s, %d %s
            new tokens            %.1f /s with the prompts, %.1f /s once they are read
            prompt                %.1f ms each
            step                  %.1f ms for a token of every row
            weights               %.1f GB/s of the %.1f GB/s that memory gives (%.0f %%)
            resident              %.0f MiB
            machine               %s
          """,
          bench.shape,
          bench.rows,
          bench.promptTokens,
          bench.newTokens,
          bench.precision,
          bench.threads,
          bench.threads == 1 ? "thread" : "threads",
          measured.tokensPerSecond(),
          bench.rows / seconds,
          measured.readMillis(),
          measured.stepMillis(),
          weights / seconds / 1e9,
          memory / 1e9,
          100 * utilisation(),
          resident / 1048576.0,
          machine);
    }
  }

  /// Runs it.
  ///
  /// @param scratch an empty folder, for the model
  public Report run(Path scratch) {
    Natives.threads(threads);
    try (var policy = Policy.open(shape.write(scratch), PolicySpec.frozen(precision))) {
      policy.drawOnly();
      return report(() -> here(Throughput.measure(policy, rows, promptTokens, newTokens, rounds)));
    }
  }

  /// Measures a plain loop instead: [PlainDraw].
  ///
  /// @param scratch an empty folder, for the model
  public Report runPlain(Path scratch) {
    Natives.threads(threads);
    try (var llama =
        PlainLlama.open(shape, shape.write(scratch), Optional.empty(), 1, precision.type())) {
      var draw = new PlainDraw(shape, rows, promptTokens, newTokens, rounds);
      return report(() -> here(draw.measure(llama)));
    }
  }

  private static Measured here(Throughput rounds) {
    return new Measured(rounds, Machine.peakResident(), Machine.description());
  }

  Report report(Supplier<Measured> measure) {
    double before = Machine.reading(0.5);
    var measured = measure.get();
    double after = Machine.reading(0.5);
    long size = precision == Precision.FLOAT64 ? 8 : precision == Precision.FLOAT32 ? 4 : 2;
    long weights = size * (shape.linear() + (long) shape.vocabulary * shape.hidden);
    return new Report(
        this,
        measured.rounds(),
        measured.peak(),
        measured.machine(),
        weights,
        (before + after) / 2);
  }
}
