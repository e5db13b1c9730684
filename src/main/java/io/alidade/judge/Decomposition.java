package io.alidade.judge;

import io.alidade.Check;

/// A preference that depends on a context, split into which context holds and what is preferred in
/// it, and how far off the whole is when either part is (Pitis et al. 2024, arXiv:2407.14916).
///
/// `|sum_z p_z P_z - sum_z q_z Q_z| <= sum_z p_z |P_z - Q_z| + 1/2 sum_z |p_z - q_z|`: the error in
/// context, and the error of the context (total variation).
///
/// @param contexts `p_z`, the chance of each context, which add up to 1
/// @param preferences `P_z`, the chance that the first answer is preferred in each
public record Decomposition(double[] contexts, double[] preferences) {
  /// Checks the ranges.
  public Decomposition {
    if (contexts.length != preferences.length) {
      throw new IllegalArgumentException(
          "%d contexts and %d preferences: one each is needed"
              .formatted(contexts.length, preferences.length));
    }
    double sum = 0;
    for (int z = 0; z < contexts.length; z++) {
      Check.between("chance of a context", 0, 1, contexts[z]);
      Check.between("preference", 0, 1, preferences[z]);
      sum += contexts[z];
    }
    Check.between("sum of the chances of contexts", 1 - 1e-9, 1 + 1e-9, sum);
  }

  /// `sum_z p_z P_z`, the preference of whoever does not know the context.
  public double marginal() {
    double sum = 0;
    for (int z = 0; z < contexts.length; z++) {
      sum += contexts[z] * preferences[z];
    }
    return sum;
  }

  /// `sum_z p_z |P_z - Q_z|`, how far a model is off within contexts.
  double errorInContext(Decomposition model) {
    double sum = 0;
    for (int z = 0; z < contexts.length; z++) {
      sum += contexts[z] * Math.abs(preferences[z] - model.preferences[z]);
    }
    return sum;
  }

  /// `1/2 sum_z |p_z - q_z|`, how far a model is off in which context holds.
  double errorOfContext(Decomposition model) {
    double sum = 0;
    for (int z = 0; z < contexts.length; z++) {
      sum += Math.abs(contexts[z] - model.contexts[z]) / 2;
    }
    return sum;
  }

  /// What the error of a model's marginal cannot exceed.
  public double bound(Decomposition model) {
    return errorInContext(model) + errorOfContext(model);
  }
}
