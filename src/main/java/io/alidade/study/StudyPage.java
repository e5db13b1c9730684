package io.alidade.study;

import io.alidade.UserException;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/// A study's folder for readers: `README.md`, its figures, and `outcome.json` for programs. Each
/// file appears whole or not at all; `outcome.json` comes last.
final class StudyPage {
  private StudyPage() {}

  static void write(Findings findings, Path folder) {
    var figures = findings.study().figures(findings.results());
    for (int f = 0; f < figures.size(); f++) {
      AtomicFiles.text(folder.resolve(figure(f)), figures.get(f).standalone() + "\n");
    }
    removeFiguresFrom(folder, figures.size());
    var titles = figures.stream().map(figure -> figure.title()).toList();
    AtomicFiles.text(folder.resolve("README.md"), text(findings, titles));
    Json.write(folder.resolve("outcome.json"), json(findings));
  }

  private static String figure(int number) {
    return "figure-%d.svg".formatted(number + 1);
  }

  /// Figures of an earlier run that had more of them.
  private static void removeFiguresFrom(Path folder, int count) {
    try {
      for (int f = count; Files.deleteIfExists(folder.resolve(figure(f))); f++) {}
    } catch (IOException e) {
      throw new UserException("cannot write %s: %s".formatted(folder, e.getMessage()), e);
    }
  }

  private static String text(Findings findings, List<String> figures) {
    var study = findings.study();
    var out = new StringBuilder();
    out.append("# Study: ").append(findings.name()).append("\n\n");
    out.append("**Claim.** ").append(study.claim()).append("\n\n");
    out.append("**Criterion**, fixed beforehand. ").append(study.criterion()).append("\n\n");
    out.append("**Outcome: ").append(findings.outcome()).append(".**");
    out.append(
        findings.reduced() ? " This is the reduced form, which shows a direction.\n\n" : "\n\n");
    if (!findings.verdict().parts().isEmpty()) {
      out.append("| part of the criterion | held | found |\n|---|---|---|\n");
      for (var part : findings.verdict().parts()) {
        out.append(row(List.of(part.what(), part.held() ? "yes" : "**no**", part.found())));
      }
      out.append('\n');
    }
    out.append(
        "## Measures\n\nMean over %d %s".formatted(seeds(findings).size(), seedWord(findings)));
    out.append(
        seeds(findings).size() > 1 ? " ± half of the 95 % confidence interval.\n\n" : ".\n\n");
    var table = findings.table();
    out.append(row(table.getFirst()));
    out.append("|").append("---|".repeat(table.getFirst().size())).append('\n');
    table.subList(1, table.size()).forEach(cells -> out.append(row(cells)));
    out.append('\n');
    for (int f = 0; f < figures.size(); f++) {
      out.append("![%s](%s)\n\n".formatted(figures.get(f), figure(f)));
    }
    if (!study.remarks().isBlank()) {
      out.append("## Remarks\n\n").append(study.remarks().strip()).append("\n\n");
    }
    out.append("## How it was run\n\n");
    out.append(
        "`%s` on %s; %s %s; %s; %s seconds a seed. Recipes: %s.\n"
            .formatted(
                findings.command(),
                findings.date(),
                seedWord(findings),
                join(seeds(findings)),
                findings.machine(),
                findings.seconds().stream()
                    .map(s -> String.format(Locale.ROOT, s < 10 ? "%.1f" : "%.0f", s))
                    .collect(Collectors.joining(", ")),
                study.recipes().stream()
                    .map(r -> "`" + r + "`")
                    .collect(Collectors.joining(", "))));
    return out.toString();
  }

  private static String seedWord(Findings findings) {
    return seeds(findings).size() == 1 ? "seed" : "seeds";
  }

  private static List<Long> seeds(Findings findings) {
    return findings.results().trials().stream().map(Trial::seed).toList();
  }

  private static String join(List<Long> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(", "));
  }

  private static String row(List<String> cells) {
    return cells.stream()
        .map(cell -> cell.replace("|", "\\|").replace('\n', ' '))
        .collect(Collectors.joining(" | ", "| ", " |\n"));
  }

  private static SequencedMap<String, Object> json(Findings findings) {
    var study = findings.study();
    var json = new LinkedHashMap<String, Object>();
    json.put("study", findings.name());
    json.put("outcome", findings.outcome());
    json.put("recipes", study.recipes());
    json.put("claim", study.claim());
    json.put("criterion", study.criterion());
    json.put(
        "parts",
        findings.verdict().parts().stream()
            .map(part -> {
              var one = new LinkedHashMap<String, Object>();
              one.put("what", part.what());
              one.put("held", part.held());
              one.put("found", part.found());
              return one;
            })
            .toList());
    json.put("reduced", findings.reduced());
    json.put("seeds", seeds(findings));
    json.put("values", values(findings.results()));
    json.put("date", findings.date().toString());
    json.put("command", findings.command());
    json.put("machine", findings.machine());
    json.put("seconds", findings.seconds());
    return json;
  }

  /// By arm and measure: one value a seed.
  private static SequencedMap<String, Object> values(Results results) {
    var arms = new LinkedHashMap<String, Object>();
    for (var arm : results.arms()) {
      var measures = new LinkedHashMap<String, Object>();
      for (var measure : results.measures()) {
        measures.put(measure, results.values(arm, measure));
      }
      arms.put(arm, measures);
    }
    return arms;
  }
}
