package io.alidade.cli;

import io.alidade.model.Precision;
import picocli.CommandLine.Option;

/// How exactly a model is held in memory.
final class PrecisionOption {
  @Option(
      names = "--precision",
      paramLabel = "TYPE",
      defaultValue = "float32",
      description = "Weights in memory: float32, bfloat16, … (default: ${DEFAULT-VALUE}).")
  private String precision = "float32";

  Precision of() {
    return Precision.of(precision);
  }
}
