package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.bench.PlainStep;
import java.util.List;

/// What ours can be measured against, by the names that the command line has for them.
enum Baseline {
  plain,
  lean,
  trl;

  PlainStep.Form form() {
    return this == lean ? PlainStep.Form.LEAN : PlainStep.Form.PLAIN;
  }

  /// Refuses what only ours can do.
  ///
  /// @param options that were given and mean nothing here
  void knowsAll(List<String> options) {
    if (!options.isEmpty()) {
      throw new UserException(
          "the baseline '%s' knows no %s; leave it out"
              .formatted(this, String.join(", ", options)));
    }
  }
}
