package io.alidade.cli;

import io.alidade.tokenizer.bpe.BpeTrainer;
import io.alidade.tokenizer.bpe.TokenizerFolder;
import io.alidade.tokenizer.bpe.TrainingText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `alidade mine tokenizer`.
@Command(
    name = "tokenizer",
    description = "Train a byte-level BPE tokenizer on text files or mined rows.")
final class MineTokenizer implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "FILE", arity = "1..*", description = "Text, or *.jsonl of rows.")
  private List<Path> files = new ArrayList<>();

  @Option(
      names = "--vocab",
      paramLabel = "N",
      defaultValue = "4096",
      description = "Size of the vocabulary (default: ${DEFAULT-VALUE}).")
  private int vocabulary = 4096;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "tokenizer",
      description = "Folder for tokenizer.json (default: ${DEFAULT-VALUE}).")
  private Path out = Path.of("tokenizer");

  @Override
  public void run() {
    var trainer = new BpeTrainer(vocabulary);
    for (var file : files) {
      TrainingText.of(file).forEach(trainer::add);
    }
    var tokenizer = trainer.train();
    TokenizerFolder.write(tokenizer, out);
    spec.commandLine()
        .getOut()
        .printf(
            "%s: %d tokens, %d merges, from %,d bytes of text%n",
            out, tokenizer.size(), tokenizer.merges().size(), trainer.bytes());
    spec.commandLine().getOut().flush();
  }
}
