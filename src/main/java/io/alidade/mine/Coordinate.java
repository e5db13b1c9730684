package io.alidade.mine;

import io.alidade.UserException;
import java.util.Optional;
import java.util.regex.Pattern;

/// A library in a Maven repository.
///
/// @param group such as `org.jsoup`
/// @param artifact such as `jsoup`
/// @param version the newest release to look at; the repository's newest where absent
public record Coordinate(String group, String artifact, Optional<String> version) {
  private static final Pattern PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.+-]*");

  /// Parses `group:artifact` or `group:artifact:version`.
  public static Coordinate of(String text) {
    var parts = text.strip().split(":", -1);
    if (parts.length < 2 || parts.length > 3) {
      throw malformed(text);
    }
    for (var part : parts) {
      if (!PART.matcher(part).matches() || part.contains("..")) {
        throw malformed(text);
      }
    }
    return new Coordinate(
        parts[0], parts[1], parts.length == 3 ? Optional.of(parts[2]) : Optional.empty());
  }

  private static UserException malformed(String text) {
    return new UserException(
        "'%s' is not a library; write group:artifact or group:artifact:version, such as"
                .formatted(text)
            + " org.apache.commons:commons-text");
  }

  /// Group and artifact without a version: what data is split by.
  public String library() {
    return group + ":" + artifact;
  }
}
