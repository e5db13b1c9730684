package io.alidade.cli;

import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.evaluation.RowScores;
import io.alidade.evaluation.ScoreSummary;
import io.alidade.model.Scorer;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Scores the rows of a data set.
@Command(
    name = "score",
    description = "Write log-likelihoods (or rewards) of every row as JSON lines, and sum them up.",
    footer = {
      "",
      "Example:",
      "  ./alidade score --model MODEL --data pairs.jsonl --out scores.jsonl",
      "",
      "Each line has 'row', from 1, and for pairs logps/chosen, logps/rejected, "
          + "tokens/chosen, tokens/rejected; with a reference also ref_logps/… and rewards/…. "
          + "Single answers have …/completion, rankings …/completions with lists, and dropped "
          + "rows 'dropped' with the reason."
    })
final class ScoreCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private ReferenceOption reference = new ReferenceOption();

  @Mixin private RowOptions data = new RowOptions();

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "JSON lines.")
  private Path out = Path.of("scores.jsonl");

  @Option(
      names = "--beta",
      paramLabel = "X",
      defaultValue = "0.1",
      description = "Rewards are beta times the log-ratio (default: ${DEFAULT-VALUE}).")
  private double beta = 0.1;

  @Option(names = "--per-token", description = "Give the likelihood of each scored token too.")
  private boolean perToken;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "8",
      description = "Rows scored together (default: ${DEFAULT-VALUE}).")
  private int batch = 8;

  @Mixin private PrecisionOption precision = new PrecisionOption();

  @Override
  public Integer call() {
    try (var rows = data.open();
        var opened = model.open(precision.of());
        var other = reference.open(opened, precision.of())) {
      var scores =
          Arguments.checked(() ->
              new RowScores(
                  opened.policy(),
                  opened.rewards(),
                  other.policy().map(policy -> (Scorer) policy),
                  beta,
                  perToken,
                  batch));
      var layout = opened.rewards() ? Layout.WHOLE : Layout.of(rows.form());
      var encoder = new RowEncoder(opened.tokenizer(), data.encoding(layout, false));
      var summary = new ArrayList<ScoreSummary>();
      AtomicFiles.lines(
          out,
          lines -> summary.add(scores.of(rows, encoder, cells -> lines.accept(Json.line(cells)))));
      print(spec.commandLine().getOut(), summary.getFirst());
    }
    return Main.OK;
  }

  private void print(PrintWriter to, ScoreSummary summary) {
    int scored = summary.rows() - summary.dropped();
    to.printf(
        Locale.ROOT,
        "%s: %d rows, %d scored, %d dropped%n",
        out,
        summary.rows(),
        scored,
        summary.dropped());
    if (summary.logps() != 0 && summary.tokens() > 0) {
      to.printf(
          Locale.ROOT,
          "  logps     %.4f nats a token over %d tokens%n",
          summary.logps() / summary.tokens(),
          summary.tokens());
    }
    summary.likelihoods().ifPresent(p -> preference(to, "logps", p));
    summary.rewards().ifPresent(p -> preference(to, "rewards", p));
    to.flush();
  }

  private static void preference(PrintWriter to, String what, ScoreSummary.Preference preference) {
    to.printf(
        Locale.ROOT,
        "  %-9s accuracy %.4f, margin %.4f, calibration error %.4f over %d pairs%n",
        what,
        preference.accuracy(),
        preference.margin(),
        preference.calibrationError(),
        preference.pairs());
  }
}
