package io.alidade.mine;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// Chooses the releases of a library that follow each other.
final class Versions {
  private static final Pattern PREVIEW =
      Pattern.compile(
          "(?i)(^|[.\\-_\\d])(alpha|beta|rc|cr|m|pr|ea|preview|pre|snapshot|b)[.\\-_]?\\d*([.\\-_].*)?$");
  private static final Pattern DATE = Pattern.compile("\\d{8}.*");
  private static final Pattern NUMBERS = Pattern.compile("^[\\d.]+");

  private Versions() {}

  /// Of `all`, oldest first: no previews, no date stamps (older than the numbers, though they sort
  /// above), only the line of the newest (`-jre` and `-android` are two lines). Where nothing but
  /// previews exists, these.
  static List<String> consecutive(List<String> all) {
    var releases = all.stream().filter(v -> !PREVIEW.matcher(v).find()).toList();
    if (releases.isEmpty()) {
      return all;
    }
    var numbered = releases.stream().filter(v -> !DATE.matcher(v).matches()).toList();
    if (!numbered.isEmpty()) {
      releases = numbered;
    }
    var line = line(releases.getLast());
    return releases.stream().filter(v -> line(v).equals(line)).toList();
  }

  private static String line(String version) {
    return NUMBERS.matcher(version).replaceFirst("").toLowerCase(Locale.ROOT);
  }
}
