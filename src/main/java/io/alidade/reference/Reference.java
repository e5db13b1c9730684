package io.alidade.reference;

import io.alidade.model.Policy;
import io.alidade.model.Scorer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/// The specification of a reference: the frozen model whose log-likelihoods a policy's are compared
/// with. One that [#moves()] is opened as a [Moving].
public interface Reference {
  /// The reference of a session.
  ///
  /// @param setting what there is to build it from
  /// @return a scorer that never records gradients; closed by the session
  Scorer open(Setting setting);

  /// Whether it follows the policy, so that what it said once does not hold for later.
  default boolean moves() {
    return false;
  }

  /// What a reference may be built from.
  ///
  /// @param start opens the weights that training started from, frozen
  /// @param adaptersOff the policy's own weights without its adapter, if it has one
  /// @param cache folder for likelihoods that were computed before; may not exist yet
  /// @param policy the model in training, as it was when training started
  record Setting(Supplier<Scorer> start, Optional<Scorer> adaptersOff, Path cache, Policy policy) {}
}
