package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.mine.Coordinate;
import io.alidade.mine.GitOptions;
import io.alidade.mine.LibraryReport;
import io.alidade.mine.MavenArchive;
import io.alidade.mine.MineOptions;
import io.alidade.mine.Mined;
import io.alidade.mine.MinedFolder;
import io.alidade.mine.Miner;
import io.alidade.mine.Outcome;
import io.alidade.mine.Progress;
import io.alidade.tokenizer.bpe.BpeTrainer;
import io.alidade.tokenizer.bpe.TokenizerFolder;
import io.alidade.tokenizer.bpe.TrainingText;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `alidade mine`: preferences from what maintainers published.
@Command(
    name = "mine",
    description = "Mine preferences from published Java libraries or from git histories.",
    mixinStandardHelpOptions = true,
    subcommands = {MineCommand.Maven.class, MineCommand.Git.class, MineCommand.Tokenizer.class})
public final class MineCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    out(spec).println(spec == null ? "" : spec.commandLine().getUsageMessage());
  }

  /// What both kinds of mining share.
  static final class Shared {
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
          exclude,
          permissive,
          onlyMethods,
          threads);
    }
  }

  /// `alidade mine maven`.
  @Command(
      name = "maven",
      description = "Mine releases of libraries from Maven repositories.",
      mixinStandardHelpOptions = true)
  static final class Maven implements Runnable {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Shared shared = new Shared();

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
        description = "Folder of parsed archives (default: ~/.cache/alidade/mine).")
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
        var mined = Miner.maven(archive, coordinates, options, progress(out(spec)));
        MinedFolder.write(mined, shared.out, Clock.systemUTC());
        table(mined, shared.out, out(spec));
      }
    }
  }

  /// `alidade mine git`.
  @Command(
      name = "git",
      description = "Mine the first-parent history of git repositories.",
      mixinStandardHelpOptions = true)
  static final class Git implements Runnable {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Shared shared = new Shared();

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
      var git = new GitOptions(since.map(MineCommand::day), maxCommits);
      var options = shared.options(1, Path.of("."), false);
      var mined = Miner.git(repositories, git, options, progress(out(spec)));
      MinedFolder.write(mined, shared.out, Clock.systemUTC());
      table(mined, shared.out, out(spec));
    }
  }

  /// `alidade mine tokenizer`.
  @Command(
      name = "tokenizer",
      description = "Train a byte-level BPE tokenizer on text files or mined rows.",
      mixinStandardHelpOptions = true)
  static final class Tokenizer implements Runnable {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Text, or *.jsonl of rows.")
    private List<Path> files = new ArrayList<>();

    @Option(
        names = "--vocab",
        paramLabel = "N",
        defaultValue = "4096",
        description = "Size of the vocabulary (default: ${DEFAULT-VALUE}).")
    private int vocabulary = 4096;

    @Option(
        names = "--out",
        paramLabel = "DIR",
        defaultValue = "tokenizer",
        description = "Folder for tokenizer.json (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("tokenizer");

    @Override
    public void run() {
      var trainer = new BpeTrainer(vocabulary);
      for (var file : files) {
        TrainingText.of(file).forEach(trainer::add);
      }
      var tokenizer = trainer.train();
      TokenizerFolder.write(tokenizer, out);
      out(spec)
          .printf(
              "%s: %d tokens, %d merges, from %,d bytes of text%n",
              out, tokenizer.size(), tokenizer.merges().size(), trainer.bytes());
      out(spec).flush();
    }
  }

  private static Instant day(String text) {
    try {
      return LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
    } catch (DateTimeParseException e) {
      throw new UserException("--since must be a day such as 2024-01-31, was " + text, e);
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

  private static Progress progress(PrintWriter out) {
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

  private static void table(Mined mined, Path folder, PrintWriter out) {
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
        "%nrows: %,d train and %,d test pairs, %,d train and %,d test methods in %s%n",
        mined.train().size(),
        mined.test().size(),
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

  private static PrintWriter out(@Nullable CommandSpec spec) {
    if (spec == null) {
      throw new IllegalStateException("picocli sets the command's spec before it runs");
    }
    return spec.commandLine().getOut();
  }
}
