package io.alidade.cli;

import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.data.Survey;
import io.alidade.data.Truncation;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.store.Hub;
import io.alidade.store.Json;
import io.alidade.tokenizer.Tokenizer;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Looks at data before it is used.
@Command(
    name = "data",
    description = "Look at data before it is used.",
    subcommands = DataCommand.Check.class)
final class DataCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getOut());
    return 0;
  }

  /// `data check FILE`.
  @Command(
      name = "check",
      description =
          "Count rows, show lengths and a preview, and list every bad row; exits with 1 if any.")
  static final class Check implements Callable<Integer> {
    private static final int BARS = 40;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "FILE", description = "A file, a folder, or org/name on the hub.")
    private String file = "";

    @Option(
        names = "--split",
        paramLabel = "NAME",
        defaultValue = "train",
        description = "Which files of a folder (default: ${DEFAULT-VALUE}).")
    private String split = "train";

    @Option(
        names = "--model",
        paramLabel = "MODEL",
        description = "Count its tokens and try its chat template.")
    private @Nullable String model;

    @Option(
        names = "--max-length",
        paramLabel = "N",
        description = "With --model, tell what a limit of N tokens does.")
    private @Nullable Integer maxLength;

    @Option(names = "--limit", paramLabel = "N", description = "Look at the first N rows only.")
    private @Nullable Integer limit;

    @Override
    public Integer call() {
      var out = spec.commandLine().getOut();
      try (var rows = Rows.open(file, split)) {
        var some = limit == null ? rows : rows.limit(limit);
        if (model == null) {
          var survey = Survey.of(some, Optional.empty());
          print(out, survey, "characters", Optional.empty());
          return survey.bad().isEmpty() ? 0 : 1;
        }
        var folder = Hub.ofSystem((f, done, total) -> {}).resolve(model, Hub.Kind.MODEL);
        try (var tokenizer = Tokenizer.load(folder)) {
          var encoder =
              new RowEncoder(
                  tokenizer,
                  new Encoding(
                      Layout.of(rows.form()),
                      maxLength == null ? OptionalInt.empty() : OptionalInt.of(maxLength),
                      Truncation.KEEP_START,
                      false));
          var survey = Survey.of(some, Optional.of(encoder));
          print(out, survey, "tokens", Optional.of(encoder));
          return survey.bad().isEmpty() ? 0 : 1;
        }
      } finally {
        out.flush();
      }
    }

    private void print(PrintWriter out, Survey survey, String unit, Optional<RowEncoder> encoder) {
      out.printf("%s%n", file);
      out.printf("  form     %s%n", survey.form().words());
      out.printf("  columns  %s%n", String.join(", ", survey.columns()));
      if (!survey.ignored().isEmpty()) {
        out.printf("  ignored  %s%n", String.join(", ", survey.ignored()));
      }
      out.printf(
          "  rows     %d, of which %d can be used%n",
          survey.rows(), survey.rows() - survey.bad().size());
      if (!survey.lengths().isEmpty()) {
        out.printf("%n%s%n  %-12s %8s %8s %8s %8s%n", unit, "", "least", "median", "95 %", "most");
        survey
            .lengths()
            .forEach((part, sizes) ->
                out.printf(
                    "  %-12s %8d %8d %8d %8d%n",
                    part, sizes[0], at(sizes, 0.5), at(sizes, 0.95), sizes[sizes.length - 1]));
        out.println();
        histogram(out, survey.lengths().getOrDefault("row", new int[0]), unit);
      }
      survey.preview().ifPresent(example -> preview(out, example, survey, encoder));
      out.println();
      places(out, "the same candidates throughout", survey.tied());
      places(out, "a candidate of white space only", survey.blank());
      survey.repeated().entrySet().stream()
          .limit(10)
          .forEach(e -> out.printf("repeated: %s says what %s says%n", e.getKey(), e.getValue()));
      if (survey.repeated().size() > 10) {
        out.printf("repeated: %d rows in all%n", survey.repeated().size());
      }
      survey.dropped().forEach((reason, n) -> out.printf("dropped: %d rows, %s%n", n, reason));
      if (survey.cut() > 0) {
        out.printf("cut: %d rows lose tokens to max_length%n", survey.cut());
      }
      if (survey.boundaryMoved() > 0) {
        out.printf(
            "boundary: in %d rows tokens merge across the end of the prompt%n",
            survey.boundaryMoved());
      }
      survey.bad().forEach(message -> out.printf("bad: %s%n", message));
      out.printf(
          "%d bad, %d repeated, %d with equal candidates, %d with a blank one%n",
          survey.bad().size(),
          survey.repeated().size(),
          survey.tied().size(),
          survey.blank().size());
      out.println(
          survey.bad().isEmpty()
              ? "next: ./alidade inspect --model MODEL --data " + file
              : "next: mend or remove the bad rows; training refuses them");
    }

    private static void preview(
        PrintWriter out, Example example, Survey survey, Optional<RowEncoder> encoder) {
      out.printf("%nfirst row, %s%n", example.row());
      if (encoder.isPresent()) {
        for (var text : encoder.get().rendered(example)) {
          out.printf("  | %s%n", text.replace("\n", "\n  | "));
          out.println();
        }
      } else {
        Columns.write(example, survey.form())
            .forEach((column, cell) -> out.printf("  %s: %s%n", column, shown(Json.line(cell))));
      }
    }

    private static String shown(String text) {
      return text.length() <= 200 ? text : text.substring(0, 197) + "...";
    }

    private static void places(PrintWriter out, String what, Collection<Example.Row> rows) {
      if (!rows.isEmpty()) {
        List<String> some = rows.stream().limit(10).map(Example.Row::toString).toList();
        out.printf(
            "%s: %s%s%n", what, String.join(", ", some), rows.size() > 10 ? " and more" : "");
      }
    }

    /// Bars over lengths that double.
    private static void histogram(PrintWriter out, int[] sorted, String unit) {
      int most = sorted[sorted.length - 1];
      int low = 0;
      int high = 16;
      int[] counts = new int[33];
      int bins = 0;
      for (int b = 0; low <= most; b++) {
        int from = low;
        int below = high;
        counts[b] = (int) Arrays.stream(sorted).filter(n -> n >= from && n < below).count();
        low = high;
        high *= 2;
        bins = b + 1;
      }
      int tallest = Arrays.stream(counts).max().orElse(1);
      low = 0;
      high = 16;
      for (int b = 0; b < bins; b++) {
        if (counts[b] > 0 || b > 0) {
          out.printf(
              "  %6d to %6d %s  %-" + BARS + "s %d%n",
              low,
              high - 1,
              unit,
              "#".repeat((int) Math.ceil((double) BARS * counts[b] / Math.max(1, tallest))),
              counts[b]);
        }
        low = high;
        high *= 2;
      }
    }

    private static int at(int[] sorted, double part) {
      return sorted[(int) Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
    }
  }
}
