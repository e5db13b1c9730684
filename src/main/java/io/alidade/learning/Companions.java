package io.alidade.learning;

import io.alidade.Check;
import io.alidade.model.Sampling;

/// Answers that the policy draws to the prompts of each step, to stand beside what the data hold.
/// They are drawn from the policy as it is, at temperature 1 and without filters, since they
/// estimate expectations under the policy itself. Nobody judges them.
///
/// @param samples answers a prompt, at least 1
/// @param maxNewTokens tokens of an answer at most, at least 1; what is cut there counts as it is
public record Companions(int samples, int maxNewTokens) {
  /// Checks the ranges.
  public Companions {
    Check.atLeast("samples", 1, samples);
    Check.atLeast("max_new_tokens", 1, maxNewTokens);
  }

  /// What the model layer calls it.
  public Sampling sampling(long seed) {
    return Sampling.plain(maxNewTokens, seed);
  }
}
