package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.evaluation.Export;
import io.alidade.generation.Located;
import io.alidade.model.Precision;
import io.alidade.model.SaveOptions;
import io.alidade.model.causal.ModelConfig;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Writes a checkpoint in another form.
@Command(
    name = "export",
    description =
        "Write a checkpoint with an adapter merged, in another precision or in other shards, and"
            + " check that it says the same.")
final class ExportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ModelOptions model = new ModelOptions();

  @Option(names = "--merge", description = "Add the adapter to the weights below it.")
  private boolean merge;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "The new folder.")
  private Path out = Path.of("export");

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "float32, bfloat16 or float16 (default: what config.json says, or float32).")
  private @Nullable String dtype;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      defaultValue = "5GB",
      description = "Files are split from this size on (default: ${DEFAULT-VALUE}).")
  private String shard = "5GB";

  @Option(
      names = "--tolerance",
      paramLabel = "X",
      description =
          "Mean drift of likelihoods allowed, nats a token (default: 0.001 for float32, 0.02 for"
              + " float16, 0.1 for bfloat16).")
  private @Nullable Double tolerance;

  @Override
  public Integer call() {
    var located = model.located();
    if (located.adapter().isPresent() && !merge) {
      throw new UserException(
          located.adapter().get() + ": an adapter is exported only merged; add --merge");
    }
    if (located.adapter().isEmpty() && merge) {
      throw new UserException("--merge without an adapter; name one with --adapter");
    }
    var precision = Precision.of(dtype == null ? stored(located) : dtype);
    var export =
        Arguments.checked(() ->
            new Export(
                new SaveOptions(Optional.of(precision), Arguments.bytes("--max-shard-size", shard)),
                tolerance == null ? Export.tolerance(precision) : tolerance));
    var drift = export.write(located.folder(), located.adapter(), located.head(), out);
    var to = spec.commandLine().getOut();
    to.printf(
        Locale.ROOT,
        "%s: written in %s; drift of %d values: %.3g in the mean (%.3g allowed), %.3g at most%n",
        out,
        precision,
        drift.values(),
        drift.mean(),
        export.tolerance(),
        drift.worst());
    to.flush();
    return Main.OK;
  }

  private static String stored(Located located) {
    var config = ModelConfig.read(located.folder()).json();
    return config.path("dtype").asString(config.path("torch_dtype").asString("float32"));
  }
}
