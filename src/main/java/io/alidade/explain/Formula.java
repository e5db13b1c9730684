package io.alidade.explain;

import java.util.Map;
import java.util.Optional;

/// Arithmetic over the parameters of an objective: `1/(2*beta)`, `ln(2)`, `2*ln(2)`.
final class Formula {
  private final String text;
  private final Map<String, Double> names;
  private int at;

  private Formula(String text, Map<String, Double> names) {
    this.text = text.replace(" ", "");
    this.names = names;
  }

  /// The value.
  ///
  /// @throws IllegalArgumentException if the text is no formula over these names
  static double value(String text, Map<String, Double> names) {
    var formula = new Formula(text, names);
    double value = formula.sum();
    if (formula.at < formula.text.length()) {
      throw formula.bad();
    }
    return value;
  }

  /// The value, if the text is a formula over these names.
  static Optional<Double> ifFormula(String text, Map<String, Double> names) {
    try {
      return Optional.of(value(text, names));
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  private IllegalArgumentException bad() {
    return new IllegalArgumentException(
        "not a formula over %s at character %d: %s".formatted(names.keySet(), at + 1, text));
  }

  private boolean skip(char c) {
    boolean there = at < text.length() && text.charAt(at) == c;
    at += there ? 1 : 0;
    return there;
  }

  private double sum() {
    double value = product();
    while (true) {
      if (skip('+')) {
        value += product();
      } else if (skip('-')) {
        value -= product();
      } else {
        return value;
      }
    }
  }

  private double product() {
    double value = factor();
    while (true) {
      if (skip('*')) {
        value *= factor();
      } else if (skip('/')) {
        value /= factor();
      } else {
        return value;
      }
    }
  }

  private double factor() {
    if (skip('-')) {
      return -factor();
    }
    if (skip('(')) {
      double value = sum();
      if (!skip(')')) {
        throw bad();
      }
      return value;
    }
    int from = at;
    while (at < text.length() && isPart(at, from)) {
      at++;
    }
    var word = text.substring(from, at);
    if (word.matches("[a-z_].*")) {
      return named(word);
    }
    try {
      return Double.parseDouble(word);
    } catch (NumberFormatException e) {
      throw bad();
    }
  }

  private boolean isPart(int i, int from) {
    char c = text.charAt(i);
    boolean exponent =
        i > from && Character.isDigit(text.charAt(from)) && text.charAt(i - 1) == 'e';
    return Character.isLetterOrDigit(c) || c == '_' || c == '.' || (c == '-' && exponent);
  }

  private double named(String word) {
    if (skip('(')) {
      double argument = sum();
      if (!skip(')')) {
        throw bad();
      }
      return switch (word) {
        case "ln" -> Math.log(argument);
        case "exp" -> Math.exp(argument);
        case "sigmoid" -> 1 / (1 + Math.exp(-argument));
        case "softplus" -> Math.max(argument, 0) + Math.log1p(Math.exp(-Math.abs(argument)));
        default -> throw bad();
      };
    }
    var value = names.get(word);
    if (value == null) {
      throw bad();
    }
    return value;
  }
}
