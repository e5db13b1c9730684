package io.alidade.cli;

import io.alidade.mine.MineOptions;
import io.alidade.mine.Mined;
import io.alidade.mine.MinedFolder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/// What both kinds of mining share: which rows are made, and where they go.
final class MiningOptions {
  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "mined",
      description = "Folder for the rows and the manifest (default: ${DEFAULT-VALUE}).")
  Path out = Path.of("mined");

  @Option(
      names = "--holdout",
      paramLabel = "NAME",
      arity = "1..*",
      description = "Libraries or repositories whose rows are test rows.")
  List<String> holdout = new ArrayList<>();

  @Option(
      names = "--holdout-classes",
      paramLabel = "SHARE",
      defaultValue = "0",
      description =
          "Share of the other libraries' classes whose pairs go to test-classes.jsonl (default: ${DEFAULT-VALUE}).")
  double holdoutClasses;

  @Option(
      names = "--exclude",
      paramLabel = "PATH",
      arity = "1..*",
      description = "Leave out files whose path holds this, but for held-out libraries.")
  List<String> exclude = new ArrayList<>();

  @Option(
      names = "--max-chars",
      paramLabel = "N",
      defaultValue = "4000",
      description = "Longest prompt with completion, in characters (default: ${DEFAULT-VALUE}).")
  int maxChars = 4000;

  @Option(
      names = "--only-methods",
      description = "No pairs: only the documented methods of the newest release.")
  boolean onlyMethods;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Libraries read at once (default: the number of processors).")
  int threads = Runtime.getRuntime().availableProcessors();

  MineOptions options(int versions, Path cache, boolean permissive) {
    return new MineOptions(
        versions,
        maxChars,
        cache,
        Set.copyOf(holdout),
        holdoutClasses,
        exclude,
        permissive,
        onlyMethods,
        threads);
  }

  /// Writes what was mined, and says what it is.
  void write(Mined mined, PrintWriter to) {
    MinedFolder.write(mined, out, Clock.systemUTC());
    MiningReport.print(mined, out, to);
  }
}
