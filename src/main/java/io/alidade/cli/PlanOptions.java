package io.alidade.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// What a recipe is tried on: model, data, scale, and what differs from both files.
final class PlanOptions {
  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "Checkpoint to start from: a folder, or a name on the hub (org/name).")
  private @Nullable String model;

  @Option(
      names = "--data",
      paramLabel = "DATA",
      description = "Rows to learn from: a file, a folder, or a name on the hub.")
  private @Nullable String data;

  @Option(
      names = "--eval-data",
      paramLabel = "DATA",
      description = "Held-out rows (default: a share of DATA, eval_fraction).")
  private @Nullable String evalData;

  @Option(
      names = "--scale",
      paramLabel = "SCALE",
      defaultValue = "tiny",
      description = "Name or file of a scale (default: ${DEFAULT-VALUE}).")
  private String scale = "tiny";

  @Option(
      names = "--set",
      paramLabel = "PATH=VALUE",
      description = "Replace a value of recipe or scale, such as max_steps=100.")
  private Map<String, String> overrides = new LinkedHashMap<>();

  String scale() {
    return scale;
  }

  /// What `--set` says, and model and data as if it had said them.
  SequencedMap<String, String> settings() {
    var settings = new LinkedHashMap<>(overrides);
    put(settings, "model", model);
    put(settings, "data", data);
    put(settings, "eval_data", evalData);
    return settings;
  }

  private static void put(Map<String, String> settings, String key, @Nullable String value) {
    if (value != null) {
      settings.put(key, value);
    }
  }
}
