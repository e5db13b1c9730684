package io.alidade.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `alidade mine`: preferences from what maintainers published.
@Command(
    name = "mine",
    description = "Mine preferences from published Java libraries or from git histories.",
    subcommands = {MineMaven.class, MineGit.class, MineTokenizer.class})
final class MineCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getOut());
    return Main.OK;
  }
}
