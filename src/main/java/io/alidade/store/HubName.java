package io.alidade.store;

import java.util.Optional;
import java.util.regex.Pattern;

/// The name of a repository on the hub: `org/name`, optionally `@revision`.
///
/// @param id `org/name`
/// @param revision a branch, tag, commit or pull-request reference; `main` where none is given
record HubName(String id, String revision) {
  private static final Pattern FORM =
      Pattern.compile(
          "([A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9_][A-Za-z0-9._-]{0,95})"
              + "(?:@([A-Za-z0-9][A-Za-z0-9._/+-]{0,199}))?");

  /// The parts of a name, or empty if the text is none. Such names are safe to use as paths: no
  /// part is `..` or empty.
  public static Optional<HubName> parse(String text) {
    var match = FORM.matcher(text);
    if (!match.matches() || text.contains("..") || text.contains("//") || text.endsWith("/")) {
      return Optional.empty();
    }
    if (match.group(1).contains("--")) {
      return Optional.empty(); // the hub forbids it, since cache folders use it as a separator
    }
    return Optional.of(
        new HubName(match.group(1), match.group(2) == null ? "main" : match.group(2)));
  }

  @Override
  public String toString() {
    return revision.equals("main") ? id : id + "@" + revision;
  }
}
