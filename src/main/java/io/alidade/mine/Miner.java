package io.alidade.mine;

import io.alidade.UserException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/// Mines preferences: where the body of a documented method changed between two releases, its
/// maintainers preferred the newer one.
public final class Miner {
  /// Releases in a row without a source archive before older ones are not asked for.
  private static final int PATIENCE = 12;

  private Miner() {}

  /// What one library gave, before rows are compared across libraries.
  record Ore(
      String library,
      String license,
      List<LibraryReport.Release> releases,
      List<String> missing,
      Tally tally,
      List<MethodPair> pairs,
      List<MinedMethod> methods) {}

  /// Mines releases of libraries.
  ///
  /// @throws UserException where a library is unknown, an archive is damaged or nothing answers
  public static Mined maven(
      MavenArchive archive, List<Coordinate> libraries, MineOptions options, Progress progress) {
    var work = new ArrayList<Callable<Optional<Ore>>>();
    for (var library : new LinkedHashSet<>(libraries)) {
      work.add(() -> new LibraryMine(archive, library, options, progress).dig());
    }
    return Mined.of(
        parallel(work, options.threads()).stream().flatMap(Optional::stream).toList(),
        checked(options, libraries.stream().map(Coordinate::library).toList()));
  }

  /// Mines the first-parent history of repositories.
  ///
  /// @throws UserException where a folder is no repository or cannot be read
  public static Mined git(
      List<Path> repositories, GitOptions git, MineOptions options, Progress progress) {
    var names = new HashSet<String>();
    var work = new ArrayList<Callable<Ore>>();
    for (var repository : repositories) {
      var mine = new RepositoryMine(repository, git, options, progress);
      if (!names.add(mine.name())) {
        throw new UserException(
            "%s: two repositories are called %s; rename one folder, since rows are split by name"
                .formatted(repository, mine.name()));
      }
      work.add(mine::dig);
    }
    return Mined.of(parallel(work, options.threads()), checked(options, List.copyOf(names)));
  }

  /// A held-out name that is not mined is a slip of the pen that would leave the test set empty.
  private static MineOptions checked(MineOptions options, List<String> names) {
    for (var held : options.holdout()) {
      if (!names.contains(held)) {
        throw new UserException(
            "--holdout %s is not among what is mined (%s); name it there too"
                .formatted(held, String.join(", ", names)));
      }
    }
    return options;
  }

  /// Runs all, in order of results; the first failure stops the rest.
  private static <T> List<T> parallel(List<Callable<T>> work, int threads) {
    var executor = Executors.newFixedThreadPool(threads);
    try {
      var futures = new ArrayList<Future<T>>();
      work.forEach(task -> futures.add(executor.submit(task)));
      var results = new ArrayList<T>();
      for (var future : futures) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case UserException user -> throw user;
        case UncheckedIOException io ->
            throw new UserException("cannot write: " + io.getMessage(), io);
        case null, default -> throw new IllegalStateException(e.getCause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted; run again to go on from what is cached", e);
    } finally {
      executor.shutdownNow();
    }
  }

  /// The releases of one library.
  private record LibraryMine(
      MavenArchive archive, Coordinate library, MineOptions options, Progress progress) {

    Optional<Ore> dig() {
      var name = library.library();
      var versions = versions();
      var license = archive.license(library, versions.getLast());
      if (options.permissiveOnly() && !License.isPermissive(license)) {
        progress.step(name, "left out, licence " + license, 1, 1);
        return Optional.empty();
      }
      var missing = new ArrayList<String>();
      var jars = jars(versions, missing);
      var tally = new Tally();
      var joiner = new Joiner(options.maxChars(), tally);
      var releases = new ArrayList<LibraryReport.Release>();
      Optional<Release> older = Optional.empty();
      for (var jar : jars) {
        var newer = release(jar);
        releases.add(newer.entry());
        if (older.isPresent()) {
          var origin =
              new Origin.Releases(
                  name,
                  older.get().entry().version(),
                  newer.entry().version(),
                  newer.entry().license(),
                  older.get().entry().sha256(),
                  newer.entry().sha256());
          joiner.join(origin, older.get().byKey(), newer.methods());
        }
        older = Optional.of(newer);
        progress.step(name, "read " + jar.version(), releases.size(), jars.size());
      }
      if (older.isEmpty()) {
        if (archive.isOffline()) {
          throw archive.nothingOf(name);
        }
        progress.step(name, "no source archives", 1, 1);
      }
      return Optional.of(
          new Ore(
              name,
              older.map(newest -> newest.entry().license()).orElse(license),
              List.copyOf(releases),
              List.copyOf(missing),
              tally,
              options.onlyMethods() ? List.of() : joiner.pairs(),
              older.map(this::methods).orElse(List.of())));
    }

    private record Jar(String version, Path file) {}

    /// The newest source archives, as many as asked for, oldest first.
    private List<Jar> jars(List<String> versions, List<String> missing) {
      int count = options.onlyMethods() ? 1 : options.versions();
      var jars = new ArrayList<Jar>();
      int absent = 0;
      for (var version : versions.reversed()) {
        if (jars.size() == count || absent == PATIENCE) {
          break;
        }
        var file = archive.sources(library, version);
        if (file.isPresent()) {
          jars.add(new Jar(version, file.get()));
          absent = 0;
        } else {
          missing.add(version);
          absent++;
        }
      }
      return jars.reversed();
    }

    private record Release(LibraryReport.Release entry, List<SourceMethod> methods) {
      Map<String, SourceMethod> byKey() {
        return Joiner.byKey(methods);
      }
    }

    private List<String> versions() {
      if (library.version().isEmpty()) {
        return Versions.consecutive(archive.versions(library));
      }
      var newest = library.version().get();
      if (options.onlyMethods() || options.versions() == 1) {
        return List.of(newest); // which needs no list, so it works from the cache alone
      }
      var all = archive.versions(library);
      int at = all.indexOf(newest);
      if (at < 0) {
        throw new UserException(
            "%s has no version %s; its newest is %s"
                .formatted(library.library(), newest, all.getLast()));
      }
      return Versions.consecutive(all.subList(0, at + 1));
    }

    private Release release(Jar jar) {
      String sha256;
      try {
        sha256 = Sha256.of(jar.file());
      } catch (IOException e) {
        throw new UserException("%s: cannot be read (%s)".formatted(jar.file(), e.getMessage()), e);
      }
      var parsed = new ParseCache(options.cache()).read(jar.file(), sha256);
      var methods =
          parsed.methods().stream()
              .filter(method -> options.takes(library.library(), method))
              .toList();
      var entry =
          new LibraryReport.Release(
              jar.version(),
              sha256,
              archive.license(library, jar.version()),
              parsed.files(),
              parsed.failures(),
              parsed.skipped(),
              methods.size());
      return new Release(entry, methods);
    }

    private List<MinedMethod> methods(Release newest) {
      var entry = newest.entry();
      return documented(newest.methods(), options)
          .map(method ->
              new MinedMethod(
                  library.library(),
                  entry.version(),
                  entry.license(),
                  entry.sha256(),
                  method.file(),
                  method.method(),
                  method.prompt(),
                  method.body()))
          .toList();
    }
  }

  /// The methods that can teach: documented, with a body, within the limit of characters.
  static Stream<SourceMethod> documented(List<SourceMethod> methods, MineOptions options) {
    return methods.stream()
        .filter(method -> method.documented() && !method.empty())
        .filter(method -> method.prompt().length() + method.body().length() <= options.maxChars());
  }
}
