package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.journal.RunFolder;
import io.alidade.report.RunReport;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Writes the page of a run again, from the files in its folder.
@Command(name = "report", description = "Write report.html of a run again.")
final class ReportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "RUN", description = "Folder of a run.")
  private Path run = Path.of("");

  @Override
  public Integer call() {
    if (!RunFolder.holdsRun(run)) {
      throw new UserException(run + " holds no run; './alidade runs' lists those there are");
    }
    RunReport.write(run);
    spec.commandLine().getOut().println(run.resolve("report.html"));
    return Main.OK;
  }
}
