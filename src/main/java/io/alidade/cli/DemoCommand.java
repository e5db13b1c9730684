package io.alidade.cli;

import io.alidade.demo.Demo;
import io.alidade.journal.Console;
import io.alidade.journal.RunFolder;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The main job on embedded defaults.
@Command(
    name = "demo",
    description =
        "Mine preferences from Java libraries, tune a small code model on them, and show what changed.")
final class DemoCommand implements Callable<Integer> {
  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the run (default: runs/demo-DATE).")
  private @Nullable Path out;

  @Option(
      names = "--offline",
      description = "Use what the local repository holds, reach for nothing.")
  private boolean offline;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "240",
      description = "Steps of training (default: ${DEFAULT-VALUE}).")
  private int steps = 240;

  @Override
  public Integer call() {
    var folder =
        out == null
            ? RunFolder.fresh(Path.of("runs"), "demo", LocalDateTime.now(ZoneId.systemDefault()))
            : out;
    try (var console = Console.standard()) {
      Demo.run(
          folder,
          TrainCommand.cache(),
          offline,
          steps,
          console,
          List.of("alidade", "demo", "--steps", Integer.toString(steps)));
      console.message("");
      console.message("model:  " + folder.resolve("model"));
      console.message("report: " + folder.resolve("report.html"));
      console.message("try:    ./alidade generate --model " + folder.resolve("model"));
    }
    return Main.OK;
  }
}
