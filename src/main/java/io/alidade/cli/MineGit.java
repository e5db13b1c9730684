package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.mine.GitOptions;
import io.alidade.mine.Miner;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `alidade mine git`.
@Command(name = "git", description = "Mine the first-parent history of git repositories.")
final class MineGit implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private MiningOptions shared = new MiningOptions();

  @Parameters(paramLabel = "REPO", arity = "1..*", description = "Folders of repositories.")
  private List<Path> repositories = new ArrayList<>();

  @Option(
      names = "--since",
      paramLabel = "DATE",
      description = "Only commits authored on or after this day (yyyy-mm-dd, UTC).")
  private Optional<String> since = Optional.empty();

  @Option(
      names = "--max-commits",
      paramLabel = "N",
      defaultValue = "10000",
      description = "Commits to look at, newest first (default: ${DEFAULT-VALUE}).")
  private int maxCommits = 10_000;

  @Override
  public void run() {
    var git = new GitOptions(since.map(MineGit::day), maxCommits);
    var options = shared.options(1, Path.of("."), false);
    var mined =
        Miner.git(repositories, git, options, MiningReport.progress(spec.commandLine().getOut()));
    shared.write(mined, spec.commandLine().getOut());
  }

  private static Instant day(String text) {
    try {
      return LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
    } catch (DateTimeParseException e) {
      throw new UserException("--since must be a day such as 2024-01-31, was " + text, e);
    }
  }
}
