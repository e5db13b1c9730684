package io.alidade.cli;

import io.alidade.generation.Guidance;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Whether and how answers are searched for with a model of values.
final class GuidanceOptions {
  @Option(
      names = "--values",
      paramLabel = "MODEL",
      description =
          "Search for each answer by the values of this model: a run of recipe oreo, or its critic/.")
  private @Nullable String values;

  @Option(
      names = "--beam",
      paramLabel = "N",
      defaultValue = "4",
      description = "With --values: beginnings kept (default: ${DEFAULT-VALUE}).")
  private int beam = 4;

  @Option(
      names = "--beam-samples",
      paramLabel = "N",
      description =
          "With --values: steps sampled from each beginning (default: as many as --beam).")
  private @Nullable Integer samples;

  @Option(
      names = "--step-tokens",
      paramLabel = "N",
      defaultValue = "64",
      description = "With --values: tokens of a step at most (default: ${DEFAULT-VALUE}).")
  private int stepTokens = 64;

  @Option(
      names = "--step-end",
      paramLabel = "TEXT",
      description = "With --values: text at whose end a step ends (default: a line break).")
  private String stepEnd = "\n";

  Optional<Guidance> of() {
    return Optional.ofNullable(values)
        .map(model ->
            Arguments.checked(() ->
                new Guidance(model, beam, samples == null ? beam : samples, stepTokens, stepEnd)));
  }
}
