package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.data.Fitted;
import io.alidade.data.Inspection;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.store.Json;
import io.alidade.tokenizer.Tokenizer;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Shows one row as the model will read it.
@Command(
    name = "inspect",
    description = "Show a row as the model reads it: rendered text, ids, mask, and what is cut.")
final class InspectCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private RowOptions data = new RowOptions();

  @Option(
      names = "--row",
      paramLabel = "N",
      defaultValue = "1",
      description = "Which row, from 1 (default: ${DEFAULT-VALUE}).")
  private int row = 1;

  @Option(
      names = "--layout",
      paramLabel = "NAME",
      description = "How the objective reads the row: ${COMPLETION-CANDIDATES} (default: by form).")
  private @Nullable Layout layout;

  @Option(
      names = "--assistant-only-loss",
      description = "Score the assistant's turns only, as for imitation.")
  private boolean assistantOnlyLoss;

  @Override
  public Integer call() {
    var out = spec.commandLine().getOut();
    var folder = model.located().tokenizer();
    try (var rows = data.open();
        var tokenizer = Tokenizer.load(folder)) {
      if (row < 1 || row > rows.count()) {
        throw new UserException(
            "%s: no row %d; choose one from 1 to %d".formatted(data.data(), row, rows.count()));
      }
      var encoder =
          new RowEncoder(
              tokenizer,
              data.encoding(layout == null ? Layout.of(rows.form()) : layout, assistantOnlyLoss));
      print(out, Inspection.of(tokenizer, encoder, rows.row(row - 1)));
    } finally {
      out.flush();
    }
    return 0;
  }

  private static void print(PrintWriter out, Inspection inspection) {
    out.printf("%s%n", inspection.row());
    int number = 0;
    for (var sequence : inspection.sequences()) {
      out.printf("%ncandidate %d, rendered%n", ++number);
      out.printf("  | %s%n", sequence.rendered().replace("\n", "\n  | "));
      out.printf("%n  %5s %7s  %-8s  text%n", "place", "id", "part");
      int place = 0;
      boolean cut = false;
      for (var token : sequence.tokens()) {
        if (token.cut() != cut) {
          out.println(token.cut() ? "  ----- cut from here" : "  ----- cut to here");
          cut = token.cut();
        }
        out.printf(
            "  %5d %7d  %-8s  %s%n",
            place++,
            token.id(),
            token.cut()
                ? "cut"
                : switch (token.part()) {
                  case PROMPT -> "prompt";
                  case SCORED -> "scored";
                  case UNSCORED -> "unscored";
                },
            Json.line(token.text()));
      }
    }
    out.println();
    if (inspection.boundaryMoved()) {
      out.println("boundary: tokens merge across the end of the prompt");
    }
    switch (inspection.outcome()) {
      case Fitted.Kept(var group, int cut, _) ->
          out.printf(
              "kept: %d tokens, %d scored, %d cut%n",
              group.tokens(),
              group.candidates().stream().mapToInt(c -> c.scoredTokens()).sum(),
              cut);
      case Fitted.Dropped(_, var reason) -> out.printf("dropped: %s%n", reason);
    }
  }
}
