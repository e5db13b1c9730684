package io.alidade.mine;

import java.util.LinkedHashMap;
import java.util.Map;

/// A preference that maintainers revealed: of two bodies of one documented method, the newer.
///
/// @param origin the two releases or commits
/// @param file path of the source file
/// @param method enclosing types, name and parameter types
/// @param prompt the newer Javadoc and signature, ending in ` {`
/// @param chosen the newer body after the brace, with the closing brace
/// @param rejected the older body
public record MethodPair(
    Origin origin, String file, String method, String prompt, String chosen, String rejected) {
  /// The row as TRL reads it, with the origin as extra columns.
  public Map<String, String> row() {
    var row = new LinkedHashMap<String, String>();
    row.put("prompt", prompt);
    row.put("chosen", chosen);
    row.put("rejected", rejected);
    row.put("library", origin.library());
    row.put("from", origin.from());
    row.put("to", origin.to());
    row.put("file", file);
    row.put("method", method);
    row.put("license", origin.license());
    row.putAll(origin.details());
    return row;
  }
}
