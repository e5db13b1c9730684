package io.alidade.recipe;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/// The name that was probably meant.
public final class Nearest {
  private static final int FEW = 12; // names that fit into a line

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

  /// What to write in its place: the nearest name, and all names if they are few, or else the
  /// command that lists them. `; did you mean 'x'? './alidade list' names all 90`.
  static String instead(String written, Collection<String> known) {
    var hint = hint(written, known);
    var all =
        known.size() <= FEW
            ? "known: " + known
            : "'./alidade list' names all %d".formatted(known.size());
    return hint.isEmpty() ? "; " + all : hint + " " + all;
  }

  private static boolean isNear(String one, String two) {
    int distance = distance(one, two);
    return distance <= Math.max(2, (one.length() + 1) / 3)
        && distance < Math.min(one.length(), two.length());
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replace('-', '_');
  }

  /// Levenshtein's distance, where neighbours that changed places count once: insertions,
  /// deletions, replacements, swaps.
  static int distance(String one, String two) {
    var table = new int[one.length() + 1][two.length() + 1];
    for (int i = 0; i <= one.length(); i++) {
      for (int j = 0; j <= two.length(); j++) {
        if (i == 0 || j == 0) {
          table[i][j] = i + j;
          continue;
        }
        boolean same = one.charAt(i - 1) == two.charAt(j - 1);
        int least = Math.min(table[i - 1][j], table[i][j - 1]) + 1;
        least = Math.min(least, table[i - 1][j - 1] + (same ? 0 : 1));
        if (i > 1
            && j > 1
            && one.charAt(i - 1) == two.charAt(j - 2)
            && one.charAt(i - 2) == two.charAt(j - 1)) {
          least = Math.min(least, table[i - 2][j - 2] + 1);
        }
        table[i][j] = least;
      }
    }
    return table[one.length()][two.length()];
  }
}
