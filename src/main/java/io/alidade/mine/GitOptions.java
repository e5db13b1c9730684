package io.alidade.mine;

import io.alidade.UserException;
import java.time.Instant;
import java.util.Optional;

/// How far into a history to go.
///
/// @param since commits authored before this moment are left out
/// @param maxCommits the most commits of the first-parent line to look at, newest first, positive
public record GitOptions(Optional<Instant> since, int maxCommits) {
  /// Rejects what makes no sense.
  public GitOptions {
    if (maxCommits < 1) {
      throw new UserException("--max-commits must be at least 1, was " + maxCommits);
    }
  }
}
