package io.alidade.bench;

import io.alidade.store.Json;
import io.alidade.tensor.Phase;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import tools.jackson.databind.node.ObjectNode;

/// What was measured.
///
/// @param bench what ran
/// @param wall seconds of each step
/// @param cpu processor seconds of each step, of the whole process
/// @param realTokens tokens of a step, prompts once a candidate, as systems without sharing count
/// @param operations floating-point operations that a step needs at least
/// @param promptShare share of the layers' operations that prompts take
/// @param padding share of the tokens read that stood for nothing
/// @param before rate of matrix products before the steps
/// @param after the same after them
/// @param peakResident bytes, if known
/// @param referenceSeconds to fill the reference's cache, a group
/// @param phases seconds of a step in each part
/// @param losses of all steps, the first one included
public record Report(
    StepBench bench,
    List<Double> wall,
    List<Double> cpu,
    double realTokens,
    double operations,
    double promptShare,
    double padding,
    Machine.Rate before,
    Machine.Rate after,
    OptionalLong peakResident,
    double referenceSeconds,
    Map<Phase, Double> phases,
    List<Double> losses) {
  private double cpuPerPair() {
    return Machine.median(cpu) / bench.pairs();
  }

  /// The share of the rate of matrix products that the needed operations of a step make up, by
  /// processor seconds, so that what else runs on the machine does not count.
  double utilisation() {
    return operations / 1e9 / Machine.median(cpu) / before.mean(after).cpu();
  }

  /// As one JSON object.
  public ObjectNode json() {
    var json = Json.mapper().createObjectNode();
    json.put("shape", bench.shape().name())
        .put("layout", bench.layout())
        .put("pairs", bench.pairs())
        .put("passes", bench.passes())
        .put("steps", bench.steps())
        .put("threads", bench.threads())
        .put("precision", bench.precision().toString())
        .put("lora", bench.lora())
        .put("checkpointing", bench.checkpointing())
        .put("reference", bench.referenceInStep() ? "step" : "cached");
    wall.forEach(json.putArray("step_seconds")::add);
    cpu.forEach(json.putArray("cpu_seconds")::add);
    json.put("median_step_seconds", Machine.median(wall))
        .put("real_tokens_per_s", realTokens / Machine.median(wall))
        .put("pairs_per_s", bench.pairs() / Machine.median(wall))
        .put("cpu_s_per_pair", cpuPerPair())
        .put("cpu_s_per_1k_tokens", 1000 * Machine.median(cpu) / realTokens)
        .put("gflop_per_pair", operations / 1e9 / bench.pairs())
        .put("prompt_share", promptShare)
        .put("utilisation", utilisation())
        .put("padding", padding)
        .put("reference_s_per_pair", referenceSeconds);
    peakResident.ifPresent(bytes -> json.put("peak_resident_mib", bytes >> 20));
    for (var rate : List.of(before, after)) {
      json.withArray("gemm_gflops_before_after").add(rate.wall());
      json.withArray("gemm_gflops_per_cpu_s_before_after").add(rate.cpu());
    }
    var parts = json.putObject("phases");
    for (var phase : Phase.values()) {
      parts.put(phase.name().toLowerCase(Locale.ROOT), phases.getOrDefault(phase, Double.NaN));
    }
    losses.forEach(json.putArray("loss")::add);
    json.put("machine", Machine.description());
    return json;
  }

  /// For a reader.
  public String text() {
    var text = new StringBuilder();
    text.append(
        "%s, layout %s, %d pairs a step in %d %s, %s%s, %d %s%n"
            .formatted(
                bench.shape(),
                bench.layout(),
                bench.pairs(),
                bench.passes(),
                bench.passes() == 1 ? "pass" : "passes",
                bench.precision(),
                bench.lora() > 0 ? ", LoRA of rank " + bench.lora() : "",
                bench.threads(),
                bench.threads() == 1 ? "thread" : "threads"));
    line(
        text,
        "step",
        String.format(
            Locale.ROOT,
            "%.3f s wall, %.3f s of processors",
            Machine.median(wall),
            Machine.median(cpu)));
    line(
        text,
        "pairs",
        String.format(
            Locale.ROOT,
            "%.3f /s, %.3f processor s each",
            bench.pairs() / Machine.median(wall),
            cpuPerPair()));
    line(
        text,
        "real tokens",
        String.format(
            Locale.ROOT,
            "%.0f /s, %.3f processor s for 1,000",
            realTokens / Machine.median(wall),
            1000 * Machine.median(cpu) / realTokens));
    line(
        text,
        "utilisation",
        String.format(
            Locale.ROOT,
            "%.1f %% of the rate of matrix products (%.1f GFLOP a pair needed)",
            100 * utilisation(),
            operations / 1e9 / bench.pairs()));
    line(
        text,
        "products",
        String.format(
            Locale.ROOT,
            "%.0f and %.0f GFLOP/s before and after; %.1f and %.1f a processor second",
            before.wall(),
            after.wall(),
            before.cpu(),
            after.cpu()));
    peakResident.ifPresent(bytes ->
        line(text, "peak resident", String.format(Locale.ROOT, "%.0f MiB", bytes / 1048576.0)));
    line(text, "padding", String.format(Locale.ROOT, "%.1f %% of the tokens read", 100 * padding));
    line(
        text,
        "reference",
        String.format(Locale.ROOT, "%.3f s a pair, once, before the steps", referenceSeconds));
    double rest = wall.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    for (var phase : Phase.values()) {
      double seconds = phases.getOrDefault(phase, 0.0);
      rest -= seconds;
      line(
          text,
          "  " + name(phase),
          String.format(Locale.ROOT, "%.3f s a step%s", seconds, of(phase)));
    }
    line(text, "  rest", String.format(Locale.ROOT, "%.3f s a step", rest));
    line(text, "machine", Machine.description());
    return text.toString();
  }

  /// Prompts and completions are packed, so their parts are those of operations, not of time.
  private String of(Phase phase) {
    return phase == Phase.FORWARD || phase == Phase.BACKWARD
        ? String.format(
            Locale.ROOT,
            "; prompts have %.0f %% of its operations, completions %.0f %%",
            100 * promptShare,
            100 * (1 - promptShare))
        : "";
  }

  private static String name(Phase phase) {
    if (phase == Phase.DATA) {
      return "waiting for data";
    }
    return phase.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append("  %-22s%s%n".formatted(name, value));
  }
}
