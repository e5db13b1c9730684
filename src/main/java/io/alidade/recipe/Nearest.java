package io.alidade.recipe;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/// The name that was probably meant.
public final class Nearest {
  private Nearest() {}

  /// The known name nearest to what was written, if one is near: at most two letters or a third of
  /// them differ, not counting case and the difference between `-` and `_`.
  public static Optional<String> of(String written, Collection<String> known) {
    var plain = plain(written);
    return known.stream()
        .filter(name -> isNear(plain, plain(name)))
        .min(
            Comparator.<String>comparingInt(name -> distance(plain, plain(name)))
                .thenComparing(Comparator.naturalOrder()));
  }

  /// `; did you mean 'x'?` or nothing.
  public static String hint(String written, Collection<String> known) {
    return of(written, known).map(name -> "; did you mean '" + name + "'?").orElse("");
  }

  private static boolean isNear(String one, String two) {
    int distance = distance(one, two);
    return distance <= Math.max(2, (one.length() + 1) / 3)
        && distance < Math.min(one.length(), two.length());
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replace('-', '_');
  }

  /// Levenshtein's distance: insertions, deletions and replacements.
  static int distance(String one, String two) {
    var previous = new int[two.length() + 1];
    for (int j = 0; j <= two.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      var row = new int[two.length() + 1];
      row[0] = i;
      for (int j = 1; j <= two.length(); j++) {
        int replaced = previous[j - 1] + (one.charAt(i - 1) == two.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, 1 + Math.min(previous[j], row[j - 1]));
      }
      previous = row;
    }
    return previous[two.length()];
  }
}
