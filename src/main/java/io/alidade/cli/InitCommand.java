package io.alidade.cli;

import io.alidade.generation.LanguageModel;
import io.alidade.model.FreshModel;
import io.alidade.model.causal.ModelConfig;
import io.alidade.store.Json;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Writes a model that has not learned anything yet.
@Command(
    name = "init",
    description = "Write a new model with random weights, to train from the start.")
final class InitCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      required = true,
      description = "A config.json in the Hugging Face layout: family and sizes.")
  private Path config = Path.of("config.json");

  @Option(
      names = "--tokenizer",
      paramLabel = "DIR",
      required = true,
      description = "Folder with the tokenizer's files, which are copied.")
  private Path tokenizer = Path.of("tokenizer");

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "The new folder.")
  private Path out = Path.of("model");

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of the weights (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Override
  public Integer call() {
    int vocabulary = ModelConfig.of(config.toString(), Json.readObject(config)).vocabSize();
    try (var read = Tokenizer.load(tokenizer)) {
      LanguageModel.fit(read, vocabulary, config);
    }
    FreshModel.write(config, tokenizer, out, seed);
    var to = spec.commandLine().getOut();
    to.printf("%s: a new model, seed %d%n", out, seed);
    to.flush();
    return Main.OK;
  }
}
