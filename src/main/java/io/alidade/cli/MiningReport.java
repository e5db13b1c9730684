package io.alidade.cli;

import io.alidade.mine.LibraryReport;
import io.alidade.mine.Mined;
import io.alidade.mine.Outcome;
import io.alidade.mine.Progress;
import java.io.PrintWriter;
import java.nio.file.Path;

/// What mining says: how far it is, and what each library gave.
final class MiningReport {
  private MiningReport() {}

  static Progress progress(PrintWriter out) {
    return (library, what, done, of) -> {
      // One line a library, and for long histories one a thousand commits.
      if (done == of || done % 1000 == 0) {
        synchronized (out) {
          out.printf("%s: %s (%d of %d)%n", library, what, done, of);
          out.flush();
        }
      }
    };
  }

  static void print(Mined mined, Path folder, PrintWriter out) {
    out.printf(
        "%n%-48s %8s %8s %8s %8s %8s %8s %8s %8s  %s%n",
        "library",
        "releases",
        "unparsed",
        "changed",
        "cosmetic",
        "no doc",
        "dropped",
        "pairs",
        "methods",
        "split");
    for (var library : mined.libraries()) {
      row(library, out);
    }
    out.printf(
        "%nrows: %,d train and %,d test pairs%s, %,d train and %,d test methods in %s%n",
        mined.train().size(),
        mined.test().size(),
        mined.options().holdoutClasses() > 0
            ? ", %,d pairs of held-out classes".formatted(mined.testClasses().size())
            : "",
        mined.trainMethods().size(),
        mined.testMethods().size(),
        folder);
    out.flush();
  }

  private static void row(LibraryReport library, PrintWriter out) {
    var outcomes = library.outcomes();
    int undocumented = outcomes.getOrDefault(Outcome.UNDOCUMENTED, 0);
    out.printf(
        "%-48s %8d %8d %8d %8d %8d %8d %8d %8d  %s%n",
        library.library(),
        library.releases().size(),
        library.failures(),
        library.changed(),
        outcomes.getOrDefault(Outcome.COSMETIC, 0),
        undocumented,
        library.changed() - undocumented - library.pairs(),
        library.pairs(),
        library.methods(),
        library.heldOut() ? "test" : "train");
  }
}
