package io.alidade.store;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/// How foreign text appears inside a one-line message: quoted, without control characters, cut.
final class Shown {
  private static final int LIMIT = 120;

  private Shown() {}

  /// The text between single quotes; control characters become `\\u…`, long text is cut.
  static String quoted(String text) {
    var out = new StringBuilder("'");
    for (int i = 0; i < text.length() && i < LIMIT; i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c) || Character.isSurrogate(c) || c == '\u2028' || c == '\u2029') {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append(text.length() > LIMIT ? "…'" : "'").toString();
  }

  /// The first line of a library's message, so that ours stays one line.
  static String firstLine(Throwable failure) {
    var message = failure.getMessage();
    return message == null || message.isBlank()
        ? failure.getClass().getSimpleName()
        : message.strip().lines().findFirst().orElseThrow();
  }

  /// The candidate that differs from `wanted` in the fewest letters, if it is at all similar.
  static Optional<String> nearest(String wanted, Collection<String> candidates) {
    int limit = Math.max(1, (wanted.length() + 1) / 3);
    String best = null;
    int bestDistance = limit + 1;
    for (var candidate : candidates) {
      if (Math.abs(candidate.length() - wanted.length()) >= bestDistance) {
        continue;
      }
      int distance = distance(wanted, candidate);
      if (distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return Optional.ofNullable(best);
  }

  /// Levenshtein's edit distance, one row at a time.
  private static int distance(String a, String b) {
    var row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int above = row[j];
        int replace = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replace, 1 + Math.min(above, row[j - 1]));
        diagonal = above;
      }
    }
    return row[b.length()];
  }
}
