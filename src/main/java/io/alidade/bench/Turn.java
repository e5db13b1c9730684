package io.alidade.bench;

import io.alidade.store.Json;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import tools.jackson.databind.node.ObjectNode;

/// What one run of what ours is measured against took. As JSON it has the keys of [Report].
///
/// @param wall seconds of each step
/// @param cpu processor seconds of each step, of the whole process
/// @param pairs of a step
/// @param losses of all steps, the first one included; empty if they are of something else
/// @param peakResident bytes, if known
/// @param products rates of matrix products before and after
/// @param machine processor and libraries in one line
public record Turn(
    List<Double> wall,
    List<Double> cpu,
    int pairs,
    List<Double> losses,
    OptionalLong peakResident,
    List<Machine.Rate> products,
    String machine) {
  /// For a program.
  public ObjectNode json() {
    var json = Json.mapper().createObjectNode();
    wall.forEach(json.putArray("step_seconds")::add);
    cpu.forEach(json.putArray("cpu_seconds")::add);
    json.put("median_step_seconds", Machine.median(wall))
        .put("pairs_per_s", pairs / Machine.median(wall))
        .put("cpu_s_per_pair", Machine.median(cpu) / pairs);
    peakResident.ifPresent(bytes -> json.put("peak_resident_mib", bytes >> 20));
    for (var rate : products) {
      json.withArray("gemm_gflops_before_after").add(rate.wall());
      json.withArray("gemm_gflops_per_cpu_s_before_after").add(rate.cpu());
    }
    if (!losses.isEmpty()) {
      losses.forEach(json.putArray("loss")::add);
    }
    return json.put("machine", machine);
  }

  /// For a reader.
  public String text() {
    double seconds = Machine.median(wall);
    return String.format(
        Locale.ROOT,
        """
          step                  %.3f s wall, %.3f s of processors
          pairs                 %.3f /s, %.3f processor s each
          products              %.0f and %.0f GFLOP/s before and after
          peak resident         %.0f MiB
          machine               %s
        """,
        seconds,
        Machine.median(cpu),
        pairs / seconds,
        Machine.median(cpu) / pairs,
        products.getFirst().wall(),
        products.getLast().wall(),
        peakResident.orElse(0) / 1048576.0,
        machine);
  }
}
