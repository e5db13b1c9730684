package io.alidade.cli;

import io.alidade.generation.LanguageModel;
import io.alidade.generation.Located;
import io.alidade.model.Precision;
import io.alidade.model.causal.ModelConfig;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Which model a command works with.
final class ModelOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      required = true,
      description = "A checkpoint, a run, an adapter's folder, or org/name[@revision] on the hub.")
  private String model = "";

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description = "An adapter in PEFT's layout on top of the model.")
  private @Nullable String adapter;

  Located located() {
    var located = Located.find(model, Optional.ofNullable(adapter));
    ModelConfig.read(located.folder())
        .note()
        .ifPresent(note -> spec.commandLine().getErr().println(note));
    return located;
  }

  LanguageModel open(Precision precision) {
    return LanguageModel.open(located(), precision);
  }
}
