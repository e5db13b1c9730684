package io.alidade.model;

import java.nio.file.Path;

/// Several models that are trained together, of which one is served. Closing a team closes what it
/// opened itself, not the policy that it was made of.
public interface Team extends Trainee {
  /// The model that is sampled from and saved at the moment.
  Policy served();

  /// Writes what is of use beside the served model.
  ///
  /// @param run the folder of the run
  default void save(Path run) {}
}
