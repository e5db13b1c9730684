package io.alidade.objective;

import io.alidade.Check;

/// A weight of a divergence that follows the divergence: it rises where the policy is further from
/// its reference than wanted, and falls where it is nearer (Ziegler et al. 2019, arXiv:1909.08593,
/// section 2.2).
///
///     weight <- weight (1 + clip(KL / target - 1, -0.2, 0.2) n / horizon)
///
/// after each batch of `n` answers.
///
/// @param target the divergence that is wanted, nats a token, positive
/// @param horizon answers over which the weight follows, positive
public record AdaptiveKl(double target, double horizon) {
  private static final double LARGEST = 0.2;

  /// Checks the ranges.
  public AdaptiveKl {
    Check.positive("target", target);
    Check.positive("horizon", horizon);
  }

  /// The weight after a batch.
  ///
  /// @param weight before it
  /// @param divergence mean of the batch, nats a token
  /// @param answers of the batch
  double after(double weight, double divergence, long answers) {
    double error = Math.clamp(divergence / target - 1, -LARGEST, LARGEST);
    return Math.max(0, weight * (1 + error * answers / horizon));
  }
}
