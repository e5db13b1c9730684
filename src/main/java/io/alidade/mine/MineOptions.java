package io.alidade.mine;

import io.alidade.UserException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// What to mine.
///
/// @param versions how many releases of a library to look at, newest first, at least 1
/// @param maxChars the most characters of a prompt with its longest completion, positive
/// @param cache folder of parsed archives
/// @param holdout libraries (`group:artifact`) or repositories whose rows are test rows
/// @param exclude path fragments, such as `org/jsoup/`: source files below them are left out of the
///   libraries that are not held out, which finds copies of a held-out library in others
/// @param permissiveOnly leave out libraries whose licence is not recognised as permissive
/// @param onlyMethods no pairs, only the methods of the newest release
/// @param threads libraries read at once, positive
public record MineOptions(
    int versions,
    int maxChars,
    Path cache,
    Set<String> holdout,
    List<String> exclude,
    boolean permissiveOnly,
    boolean onlyMethods,
    int threads) {
  /// Rejects what makes no sense.
  public MineOptions {
    positive("versions", versions);
    positive("max-chars", maxChars);
    positive("threads", threads);
    holdout = Set.copyOf(holdout);
    exclude = List.copyOf(exclude);
  }

  /// Fifteen releases, 4000 characters, two threads, nothing held out.
  public static MineOptions of(Path cache) {
    return new MineOptions(15, 4000, cache, Set.of(), List.of(), false, false, 2);
  }

  /// The same with libraries held out.
  MineOptions holdingOut(Set<String> libraries) {
    return new MineOptions(
        versions, maxChars, cache, libraries, exclude, permissiveOnly, onlyMethods, threads);
  }

  /// The same with another number of releases.
  MineOptions ofVersions(int count) {
    return new MineOptions(
        count, maxChars, cache, holdout, exclude, permissiveOnly, onlyMethods, threads);
  }

  boolean takes(String library, SourceMethod method) {
    return holdout.contains(library) || exclude.stream().noneMatch(method.file()::contains);
  }

  private static void positive(String name, int value) {
    if (value < 1) {
      throw new UserException("--%s must be at least 1, was %d".formatted(name, value));
    }
  }
}
