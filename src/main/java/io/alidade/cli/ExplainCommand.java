package io.alidade.cli;

import io.alidade.explain.CaseFile;
import io.alidade.explain.Explanation;
import io.alidade.explain.Subject;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Shows what an objective says and does, or evaluates it on given numbers.
@Command(
    name = "explain",
    description = "Explain an objective: its formula, parameters, curve and limits.",
    footerHeading = "%nNumbers for --at, one entry a row:%n",
    footer = {
      "  {\"policy\": {\"chosen\": [-12], \"rejected\": [-15]},",
      "   \"reference\": {\"chosen\": [-13], \"rejected\": [-14]},",
      "   \"tokens\": {\"chosen\": [6], \"rejected\": [8]}, \"signals\": {}}",
      "An entry is a sum of log-likelihoods in nats, spread evenly over its tokens (one without"
          + " 'tokens'), or a list with one number a token; 'grad' has the form of the entries."
          + " Labelled answers: 'completion' (and a mismatched 'kl' if needed); demonstrations:"
          + " 'completion'; rankings: 'candidates', a list a row; reward models: 'rewards' in place"
          + " of 'policy'."
    })
final class ExplainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0",
      paramLabel = "OBJECTIVE",
      description = "Name of an objective (SimPo) or of a recipe (simpo); see './alidade list'.")
  private String name = "";

  @Option(
      names = "--set",
      paramLabel = "PARAM=VALUE",
      description = "Replace a parameter of its recipe, such as beta=0.2 or divergence=ForwardKl.")
  private LinkedHashMap<String, String> sets = new LinkedHashMap<>();

  @Option(
      names = "--at",
      paramLabel = "FILE.json",
      description = "Evaluate on these numbers; prints loss, losses, grad and metrics as JSON.")
  private Optional<Path> at = Optional.empty();

  @Option(
      names = "--out",
      paramLabel = "FILE.html",
      description = "Where the page goes (default: explain-NAME.html).")
  private Optional<Path> page = Optional.empty();

  @Override
  public Integer call() {
    var out = spec.commandLine().getOut();
    var subject = Subject.of(name, sets);
    if (at.isPresent()) {
      out.print(Json.pretty(CaseFile.evaluate(subject, at.get())));
      out.flush();
      return Main.OK;
    }
    var explanation = new Explanation(subject);
    out.print(explanation.text());
    var file = page.orElseGet(() -> Path.of("explain-" + explanation.name() + ".html"));
    AtomicFiles.text(file, explanation.html());
    out.println();
    out.println("page: " + file);
    out.flush();
    if (!explanation.confirmed()) {
      throw new IllegalStateException("a limit of %s failed".formatted(explanation.name()));
    }
    return Main.OK;
  }
}
