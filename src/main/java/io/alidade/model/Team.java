package io.alidade.model;

/// Several models that are trained together, of which one is served. Closing a team closes what it
/// opened itself, not the policy that it was made of.
public interface Team extends Trainee {
  /// The model that is sampled from and saved at the moment.
  Policy served();
}
