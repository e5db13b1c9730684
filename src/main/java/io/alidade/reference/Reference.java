package io.alidade.reference;

import io.alidade.model.Scorer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/// The specification of a reference: the frozen model whose log-likelihoods a policy's are compared
/// with.
public interface Reference {
  /// The reference of a session.
  ///
  /// @param setting what there is to build it from
  /// @return a scorer that never records gradients; closed by the session
  Scorer open(Setting setting);

  /// What a reference may be built from.
  ///
  /// @param start opens the weights that training started from, frozen
  /// @param adaptersOff the policy's own weights without its adapter, if it has one
  /// @param cache folder for likelihoods that were computed before; may not exist yet
  record Setting(Supplier<Scorer> start, Optional<Scorer> adaptersOff, Path cache) {}
}
