package io.alidade.mine;

import java.util.LinkedHashMap;
import java.util.Map;

/// Where a pair comes from, so that every row can be traced and its licence kept.
public sealed interface Origin {
  /// The library or repository that rows are split by.
  String library();

  /// The older release or commit.
  String from();

  /// The newer release or commit.
  String to();

  /// SPDX identifier where recognised, else the name that the project gives, else `unknown`.
  String license();

  /// The columns that only this kind of origin has.
  Map<String, String> details();

  /// Two releases of a library, with the SHA-256 of both source archives.
  record Releases(
      String library, String from, String to, String license, String fromSha256, String toSha256)
      implements Origin {
    @Override
    public Map<String, String> details() {
      var details = new LinkedHashMap<String, String>();
      details.put("from_sha256", fromSha256);
      details.put("to_sha256", toSha256);
      return details;
    }
  }

  /// A commit and its first parent, with the day and time of the author in ISO 8601.
  record Commit(String library, String from, String to, String license, String authored)
      implements Origin {
    @Override
    public Map<String, String> details() {
      return Map.of("authored", authored);
    }
  }
}
