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
/// @param holdoutClasses share of the classes of other libraries whose rows are for measuring, from
///   0 to below 1. Which ones hangs on the name of the source file alone, so a class that was
///   copied from one library to another is held out of both
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
    double holdoutClasses,
    List<String> exclude,
    boolean permissiveOnly,
    boolean onlyMethods,
    int threads) {
  /// Rejects what makes no sense.
  public MineOptions {
    positive("versions", versions);
    positive("max-chars", maxChars);
    positive("threads", threads);
    if (!(holdoutClasses >= 0 && holdoutClasses < 1)) {
      throw new UserException("--holdout-classes must be from 0 to below 1, was " + holdoutClasses);
    }
    holdout = Set.copyOf(holdout);
    exclude = List.copyOf(exclude);
  }

  /// Fifteen releases, 4000 characters, two threads, nothing held out.
  public static MineOptions of(Path cache) {
    return new MineOptions(15, 4000, cache, Set.of(), 0, List.of(), false, false, 2);
  }

  /// The same with libraries held out.
  MineOptions holdingOut(Set<String> libraries) {
    return new MineOptions(
        versions,
        maxChars,
        cache,
        libraries,
        holdoutClasses,
        exclude,
        permissiveOnly,
        onlyMethods,
        threads);
  }

  /// The same with a share of classes held out.
  public MineOptions holdingOutClasses(double share) {
    return new MineOptions(
        versions, maxChars, cache, holdout, share, exclude, permissiveOnly, onlyMethods, threads);
  }

  /// The same with another number of releases.
  MineOptions ofVersions(int count) {
    return new MineOptions(
        count,
        maxChars,
        cache,
        holdout,
        holdoutClasses,
        exclude,
        permissiveOnly,
        onlyMethods,
        threads);
  }

  /// Whether rows of a source file are held out, of a library that is not.
  boolean holdsOutClass(String file) {
    var name = file.substring(file.lastIndexOf('/') + 1);
    // Names that differ in one letter have neighbouring hashes; SplitMix64's finaliser parts them.
    long z = name.hashCode() * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return (z >>> 11) * 0x1p-53 < holdoutClasses;
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
