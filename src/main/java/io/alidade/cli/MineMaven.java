package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.mine.Coordinate;
import io.alidade.mine.MavenArchive;
import io.alidade.mine.Miner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `alidade mine maven`.
@Command(name = "maven", description = "Mine releases of libraries from Maven repositories.")
final class MineMaven implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private MiningOptions shared = new MiningOptions();

  @Parameters(
      paramLabel = "G:A[:V]",
      arity = "0..*",
      description = "Libraries; a version is the newest that is looked at.")
  private List<String> libraries = new ArrayList<>();

  @Option(
      names = "--list",
      paramLabel = "FILE",
      description =
          "More libraries, one a line, # starts a comment; `corpus` is the built-in list.")
  private Optional<String> list = Optional.empty();

  @Option(
      names = "--versions",
      paramLabel = "N",
      defaultValue = "15",
      description = "Releases of each library, newest first (default: ${DEFAULT-VALUE}).")
  private int versions = 15;

  @Option(
      names = "--cache",
      paramLabel = "DIR",
      description = "Parsed archives (default: ~/.cache/alidade/mine).")
  private Path cache = Path.of(System.getProperty("user.home"), ".cache", "alidade", "mine");

  @Option(
      names = "--permissive",
      description = "Leave out libraries whose licence is not a known permissive one.")
  private boolean permissive;

  @Option(names = "--offline", description = "Use only what the local repository holds.")
  private boolean offline;

  @Option(
      names = "--repository",
      paramLabel = "URL",
      description = "Use this repository alone, without Maven's settings; with --local.")
  private List<URI> repositories = new ArrayList<>();

  @Option(
      names = "--local",
      paramLabel = "DIR",
      description = "The local repository to use with --repository.")
  private Optional<Path> local = Optional.empty();

  @Override
  public void run() {
    var names = new LinkedHashSet<>(libraries);
    list.ifPresent(file -> names.addAll(lines(file)));
    if (names.isEmpty()) {
      throw new UserException(
          "name a library, such as org.apache.commons:commons-text, or a --list");
    }
    if (repositories.isEmpty() != local.isEmpty()) {
      throw new UserException("--repository and --local go together; give both or neither");
    }
    var coordinates = names.stream().map(Coordinate::of).toList();
    var options = shared.options(versions, cache, permissive);
    try (var archive =
        local.isPresent()
            ? MavenArchive.of(local.get(), repositories, offline)
            : MavenArchive.ofUser(offline)) {
      var mined =
          Miner.maven(
              archive, coordinates, options, MiningReport.progress(spec.commandLine().getOut()));
      shared.write(mined, spec.commandLine().getOut());
    }
  }

  private static List<String> lines(String list) {
    try {
      String text;
      if (list.equals("corpus")) {
        try (var in = Miner.class.getResourceAsStream("corpus.txt")) {
          if (in == null) {
            throw new IllegalStateException("corpus.txt is not in the jar");
          }
          text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
      } else {
        if (!Files.isRegularFile(Path.of(list))) {
          throw new UserException("--list %s: no such file".formatted(list));
        }
        text = Files.readString(Path.of(list));
      }
      return text.lines()
          .map(line -> line.replaceFirst("#.*", "").strip())
          .filter(line -> !line.isEmpty())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
