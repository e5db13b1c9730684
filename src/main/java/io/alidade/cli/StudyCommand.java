package io.alidade.cli;

import io.alidade.journal.Console;
import io.alidade.study.Engine;
import io.alidade.study.Findings;
import io.alidade.study.Studies;
import io.alidade.study.StudyRun;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Runs the experiment that can refute a system's claim.
@Command(
    name = "study",
    description = {
      "Run the experiment that can refute a system's claim, over several seeds.",
      "Interrupted, it goes on where it stopped. 'Not reproduced' is a result: the exit code is 0."
    })
final class StudyCommand implements Callable<Integer> {
  private static final int ENOUGH = 3; // seeds that a page under docs/ must have

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NAME",
      description = "A study, or a recipe that one covers; without it, all studies are listed.")
  private @Nullable String name;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "3",
      description = "How many seeds (default: ${DEFAULT-VALUE}).")
  private int seeds = 3;

  @Option(
      names = "--first-seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "The first seed; the others follow (default: ${DEFAULT-VALUE}).")
  private long firstSeed = 1;

  @Option(
      names = "--reduced",
      description = "The form that takes seconds and shows a direction only.")
  private boolean reduced;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Folder of the page (default: docs/studies/NAME in a checkout for the whole study, else"
              + " runs/study-NAME).")
  private @Nullable Path out;

  @Option(names = "--fresh", description = "Compute every seed anew.")
  private boolean fresh;

  @Override
  public Integer call() {
    var writer = spec.commandLine().getOut();
    if (name == null) {
      list(writer);
      return Main.OK;
    }
    var found = Studies.find(name);
    var study = Studies.all().get(found);
    if (study == null) {
      throw new IllegalStateException("no study " + found);
    }
    var folder = out == null ? folder(found) : out;
    var run =
        new StudyRun(
            found,
            study,
            seeds,
            firstSeed,
            reduced,
            fresh,
            Engine.version(),
            TrainCommand.cache().resolve("studies"),
            command(found));
    Findings findings;
    try (var console = Console.standard()) {
      findings = run.run(folder, console, Clock.systemUTC());
    }
    print(findings, writer);
    writer.println("page: " + folder.resolve("README.md"));
    writer.flush();
    return Main.OK;
  }

  private static void list(PrintWriter writer) {
    Studies.all()
        .forEach((study, it) -> {
          writer.printf("%s  (%s)%n", study, String.join(", ", it.recipes()));
          Paragraph.print(writer, "    ", it.claim());
        });
    writer.printf("%nRun one: ./alidade study NAME; with --reduced it takes seconds.%n");
    writer.flush();
  }

  private Path folder(String found) {
    boolean checkout = Files.isDirectory(Path.of("src", "main", "java", "io", "alidade", "study"));
    return checkout && !reduced && seeds >= ENOUGH
        ? Path.of("docs", "studies", found)
        : Path.of("runs", "study-" + found + (reduced ? "-reduced" : ""));
  }

  private String command(String found) {
    return "./alidade study %s --seeds %d --first-seed %d%s"
        .formatted(found, seeds, firstSeed, reduced ? " --reduced" : "");
  }

  private static void print(Findings findings, PrintWriter writer) {
    var rows = findings.table();
    var table = new Table(rows.getFirst().toArray(String[]::new));
    rows.subList(1, rows.size()).forEach(row -> table.row(row.toArray(String[]::new)));
    table.print(writer);
    writer.println();
    for (var part : findings.verdict().parts()) {
      writer.printf("%s: %s (%s)%n", part.held() ? "held  " : "failed", part.what(), part.found());
    }
    writer.printf("outcome: %s%n", findings.outcome());
  }
}
