package io.alidade.learning;

import io.alidade.Check;
import io.alidade.UserException;

/// Ranges of the constants that Adam and its kin share: those that leave single precision room for
/// what is computed with them.
final class AdamRanges {
  private static final double MOST = 1e30;

  private AdamRanges() {}

  /// Checks constants when they are set.
  static void check(
      double learningRate,
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      double maxGradNorm) {
    Check.between("learning_rate", 0, MOST, learningRate);
    Check.belowFrom("beta1", 0, 1, beta1);
    Check.belowFrom("beta2", 0, 1, beta2);
    Check.aboveTo("epsilon", 0, 1, epsilon);
    Check.between("weight_decay", 0, 1e6, weightDecay);
    Check.aboveTo("max_grad_norm", 0, MOST, maxGradNorm);
  }

  /// Checks what a step multiplies by: schedules and scales raise the rate.
  ///
  /// @param step from 1
  /// @throws UserException if single precision cannot hold it
  static void check(double learningRate, double beta1, double weightDecay, long step) {
    double stride = learningRate / (1 - Math.pow(beta1, step));
    if (!(Math.max(stride, learningRate * weightDecay) <= Float.MAX_VALUE)) {
      throw new UserException(
          "the learning rate of step %d is %s, which single precision cannot hold; lower learning_rate or learning_rate_factor"
              .formatted(step, learningRate));
    }
  }
}
