package io.alidade.mine;

import java.util.List;
import java.util.Map;

/// What one library or repository gave.
///
/// @param library group and artifact, or the repository's name
/// @param license of the newest release; see [Origin#license]
/// @param heldOut whether its rows are test rows
/// @param releases what was read, oldest first
/// @param missing releases without a source archive
/// @param outcomes what became of the bodies that changed
/// @param pairs rows of preferences written
/// @param methods rows of methods written
public record LibraryReport(
    String library,
    String license,
    boolean heldOut,
    List<Release> releases,
    List<String> missing,
    Map<Outcome, Integer> outcomes,
    int pairs,
    int methods) {

  /// One source archive, or all that was read of a repository.
  ///
  /// @param version release or commit
  /// @param sha256 of the archive; the commit for a repository
  /// @param license as the release states it
  /// @param files Java files read
  /// @param failures files that did not parse
  /// @param skipped entries refused for their name or size
  /// @param methods methods with a body
  public record Release(
      String version,
      String sha256,
      String license,
      int files,
      int failures,
      int skipped,
      int methods) {}

  /// Changed bodies of any outcome, but for the cosmetic ones.
  public int changed() {
    return outcomes.values().stream().mapToInt(Integer::intValue).sum()
        - outcomes.getOrDefault(Outcome.COSMETIC, 0);
  }

  /// Files that did not parse, over all releases.
  public int failures() {
    return releases.stream().mapToInt(Release::failures).sum();
  }
}
