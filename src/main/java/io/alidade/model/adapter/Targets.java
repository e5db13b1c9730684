package io.alidade.model.adapter;

import java.util.List;

/// Which linear modules an adapter reaches, as PEFT's `target_modules` says it.
public sealed interface Targets {
  /// What PEFT takes for the family where nothing is said: query and value projections mostly.
  record Usual() implements Targets {}

  /// Every linear module but the head.
  record AllLinear() implements Targets {}

  /// Modules that are said by name or expression, as opposed to by what they are.
  sealed interface Chosen extends Targets {
    /// Whether a module is one of them.
    ///
    /// @param module its whole name
    boolean matches(String module);
  }

  /// Modules whose name is one of these or ends with a dot and one of these.
  ///
  /// @param names at least one
  record Names(List<String> names) implements Chosen {
    /// Copies the list.
    public Names {
      names = List.copyOf(names);
      if (names.isEmpty()) {
        throw new IllegalArgumentException("target_modules must name at least one module");
      }
    }

    @Override
    public boolean matches(String module) {
      return names.stream().anyMatch(name -> is(module, name));
    }

    static boolean is(String module, String name) {
      return module.equals(name) || module.endsWith("." + name);
    }
  }

  /// Modules whose whole name a regular expression matches.
  ///
  /// @param regex in Java's and Python's common syntax
  record Pattern(String regex) implements Chosen {
    /// Checks the expression.
    public Pattern {
      expression("target_modules", regex);
    }

    @Override
    public boolean matches(String module) {
      return module.matches(regex);
    }
  }

  /// Checks that a text is a regular expression.
  ///
  /// @param name of the setting, for the message
  static void expression(String name, String regex) {
    try {
      java.util.regex.Pattern.compile(regex);
    } catch (java.util.regex.PatternSyntaxException failure) {
      throw new IllegalArgumentException(
          "%s '%s' is no regular expression: %s".formatted(name, regex, failure.getDescription()),
          failure);
    }
  }

  /// As a recipe or `adapter_config.json` writes a single string: `all-linear` or an expression.
  static Targets of(String text) {
    return text.equals("all-linear") ? new AllLinear() : new Pattern(text);
  }

  /// As they write a list; the list of `all-linear` alone means what the string means.
  static Targets of(List<String> names) {
    return names.equals(List.of("all-linear")) ? new AllLinear() : new Names(names);
  }
}
