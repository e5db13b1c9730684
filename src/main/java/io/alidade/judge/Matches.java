package io.alidade.judge;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// A reward for text that a regular expression finds: 1 where it occurs, else 0.
///
/// @param regex Java's syntax; `(?s)` lets a dot match line ends
public record Matches(String regex) implements Reward {
  /// Checks the expression.
  public Matches {
    try {
      var _ = Pattern.compile(regex);
    } catch (PatternSyntaxException failure) {
      throw new IllegalArgumentException(
          "regex must be a regular expression, was '%s': %s"
              .formatted(regex, failure.getDescription()),
          failure);
    }
  }

  @Override
  public double reward(Case one, int index) {
    return Pattern.compile(regex).matcher(one.answer(index)).find() ? 1 : 0;
  }
}
