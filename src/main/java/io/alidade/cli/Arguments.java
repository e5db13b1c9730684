package io.alidade.cli;

import io.alidade.UserException;
import java.util.function.Supplier;

/// Values that come from the command line.
final class Arguments {
  private Arguments() {}

  /// Makes something of them; a value out of range is the user's mistake, not the program's.
  static <T> T checked(Supplier<T> made) {
    try {
      return made.get();
    } catch (IllegalArgumentException failure) {
      throw new UserException(String.valueOf(failure.getMessage()), failure);
    }
  }

  /// A size in bytes: a number with an optional unit, `5GB` (powers of 1000) or `5GiB` (of 1024).
  static long bytes(String name, String text) {
    var match =
        java.util.regex.Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(?:([KMGT])(I)?)?B?")
            .matcher(text.strip().toUpperCase(java.util.Locale.ROOT));
    if (!match.matches()) {
      throw new UserException(
          "%s must be a size such as 500MB, 5GB or 2GiB, was '%s'".formatted(name, text));
    }
    var unit = match.group(2);
    int power = unit == null ? 0 : 1 + "KMGT".indexOf(unit);
    double bytes =
        Double.parseDouble(match.group(1)) * Math.pow(match.group(3) == null ? 1000 : 1024, power);
    if (!(bytes >= 1 && bytes < 0x1p62)) {
      throw new UserException("%s must be at least 1 byte, was '%s'".formatted(name, text));
    }
    return Math.round(bytes);
  }
}
