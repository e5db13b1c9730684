package io.alidade.judge;

import io.alidade.UserException;
import java.util.function.Consumer;
import java.util.function.IntToDoubleFunction;

/// Rewards of one case, with whatever a function gives or throws made a number or NaN.
final class Rewarded {
  private Rewarded() {}

  static Verdict verdict(Reward reward, Case one, Consumer<String> log) {
    return verdict(one, i -> reward.reward(one, i), log);
  }

  /// Infinite rewards and failures become NaN, with one line for all answers of a case. What the
  /// user must put right is thrown.
  static Verdict verdict(Case one, IntToDoubleFunction reward, Consumer<String> log) {
    var values = new double[one.answers().size()];
    int lost = 0;
    var reason = "";
    for (int i = 0; i < values.length; i++) {
      try {
        values[i] = reward.applyAsDouble(i);
        if (!Double.isFinite(values[i])) {
          reason = "answer %d: the reward is %s".formatted(i + 1, values[i]);
        }
      } catch (UserException bad) {
        throw bad;
      } catch (RuntimeException | StackOverflowError failure) {
        values[i] = Double.NaN;
        reason =
            "answer %d: %s".formatted(i + 1, failure.toString().lines().findFirst().orElse(""));
      }
      if (!Double.isFinite(values[i])) {
        values[i] = Double.NaN;
        lost++;
      }
    }
    if (lost > 0) {
      log.accept(
          "%s: %d of %d answers have no reward and are left out (%s)"
              .formatted(one.row(), lost, values.length, reason));
    }
    return new Verdict.Rewards(values);
  }
}
