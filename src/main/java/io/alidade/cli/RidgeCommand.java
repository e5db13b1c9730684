package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.generation.Located;
import io.alidade.run.RidgeReward;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// A reward model from ratings, without training.
@Command(
    name = "ridge",
    description = {
      "Fit a reward head of several objectives to ratings, without training.",
      "",
      "By ridge regression on a model's hidden states: minutes instead of hours, for recipe dpa."
    },
    footer = {
      "",
      "Rows have 'prompt', 'completion' and a number a rating; a rating may be missing. "
          + "Judges read the result: RewardModel with a weight for each output, in the order of "
          + "--attributes."
    })
final class RidgeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      required = true,
      description = "A checkpoint, a run, or org/name on the hub.")
  private String model = "";

  @Mixin private DataOptions data = new DataOptions("train");

  @Option(
      names = "--attributes",
      paramLabel = "NAME",
      split = ",",
      required = true,
      description = "Columns of ratings, one an output.")
  private List<String> attributes = new ArrayList<>();

  @Option(
      names = "--aside",
      paramLabel = "SHARE",
      defaultValue = "0.2",
      description =
          "Share of the rows on which penalties are compared (default: ${DEFAULT-VALUE}).")
  private double aside = 0.2;

  @Option(
      names = "--max-length",
      paramLabel = "N",
      defaultValue = "1024",
      description =
          "Tokens of prompt and answer; longer ones are left out (default: ${DEFAULT-VALUE}).")
  private int maxLength = 1024;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Decides which rows are set aside (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "A new folder.")
  private Path out = Path.of("reward");

  @Override
  public Integer call() {
    if (!(aside > 0 && aside < 1) || maxLength < 2) {
      throw new ParameterException(
          spec.commandLine(), "--aside must be between 0 and 1, --max-length at least 2");
    }
    var located = Located.find(model, Optional.empty());
    if (located.adapter().isPresent()) {
      throw new UserException(
          model + ": an adapter; merge it first: ./alidade export --model " + model);
    }
    var to = spec.commandLine().getOut();
    try (var rows = data.open()) {
      var found =
          new RidgeReward(attributes, aside, seed)
              .write(located.folder(), rows, OptionalInt.of(maxLength), out, _ -> {});
      var first = attributes.getFirst();
      var table =
          new Table(
              "rating",
              "penalty",
              "variance explained, rows set aside",
              "correlation with " + first,
              "slope of " + first);
      found.forEach((name, one) ->
          table.row(
              name,
              String.format(Locale.ROOT, "%.0e", one.ridge().lambda()),
              String.format(Locale.ROOT, "%.3f", one.ridge().fit()),
              String.format(Locale.ROOT, "%.3f", one.correlation()),
              String.format(Locale.ROOT, "%.3g", one.slope())));
      table.print(to);
    }
    to.println("model: " + out);
    to.flush();
    return Main.OK;
  }
}
