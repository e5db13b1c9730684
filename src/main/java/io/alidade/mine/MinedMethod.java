package io.alidade.mine;

import java.util.LinkedHashMap;
import java.util.Map;

/// A documented method of the newest release or commit.
///
/// @param library the library or repository
/// @param version release or commit
/// @param license as in [Origin#license]
/// @param source SHA-256 of the archive, or the commit
/// @param file path of the source file
/// @param method enclosing types, name and parameter types
/// @param prompt Javadoc and signature, ending in ` {`
/// @param completion the body after the brace, with the closing brace
public record MinedMethod(
    String library,
    String version,
    String license,
    String source,
    String file,
    String method,
    String prompt,
    String completion) {
  /// The row as TRL reads it for fine-tuning, with the origin as extra columns.
  public Map<String, String> row() {
    var row = new LinkedHashMap<String, String>();
    row.put("prompt", prompt);
    row.put("completion", completion);
    row.put("library", library);
    row.put("version", version);
    row.put("file", file);
    row.put("method", method);
    row.put("license", license);
    row.put("source", source);
    return row;
  }
}
