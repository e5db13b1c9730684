package io.alidade.judge;

import io.alidade.Check;

/// A reward for length: 0 at a target, and less the farther from it.
///
/// `-|n - target| / scale`, with `n` the number of Unicode characters of the answer.
///
/// @param target characters, at least 0
/// @param scale characters that cost 1, positive
public record Length(int target, double scale) implements Reward {
  /// Checks the ranges.
  public Length {
    Check.atLeast("target", 0, target);
    Check.positive("scale", scale);
  }

  @Override
  public double reward(Case one, int index) {
    var text = one.answer(index);
    return -Math.abs(text.codePointCount(0, text.length()) - target) / scale;
  }
}
