package io.alidade.mine;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// Names of licences as projects write them, and their SPDX identifiers.
final class License {
  /// What stands where a project states nothing.
  public static final String UNKNOWN = "unknown";

  private static final Set<String> PERMISSIVE =
      Set.of("Apache-2.0", "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "BSD", "ISC", "CC0-1.0");

  private record Rule(Pattern pattern, String spdx) {
    Rule(String pattern, String spdx) {
      this(Pattern.compile(pattern), spdx);
    }
  }

  // The first match decides, so the more exact stands before the more general.
  private static final List<Rule> RULES =
      List.of(
          new Rule("\\b(a|l)?gpl\\b|general public|lesser", ""),
          new Rule("apache.*\\b2(\\.0)?\\b|apache-2|\\basl[- ]?2|\\bal-?2", "Apache-2.0"),
          new Rule("\\bmit-0\\b", "MIT-0"),
          new Rule("\\bmit\\b|opensource.org/licenses/mit", "MIT"),
          new Rule(
              "bsd.*\\b3\\b|3[- ]clause|bsd-3|new bsd|revised bsd|modified bsd", "BSD-3-Clause"),
          new Rule("bsd.*\\b2\\b|2[- ]clause|simplified bsd|freebsd", "BSD-2-Clause"),
          new Rule("\\bbsd\\b|bsd[- ]licen[sc]e|bsd-style", "BSD"),
          new Rule("\\bisc\\b", "ISC"),
          new Rule("cc0|public domain", "CC0-1.0"),
          new Rule("eclipse public.*2|epl[- ]?2", "EPL-2.0"),
          new Rule("mozilla.*2|mpl[- ]?2", "MPL-2.0"));

  private License() {}

  /// The SPDX identifier of a licence by its name and address, else the name as given.
  static String spdx(String name, String url) {
    var text = (name + " " + url).toLowerCase(Locale.ROOT);
    for (var rule : RULES) {
      if (rule.pattern.matcher(text).find()) {
        return rule.spdx.isEmpty() ? name.strip() : rule.spdx;
      }
    }
    return name.isBlank() ? UNKNOWN : name.strip();
  }

  /// The SPDX identifier of a licence by its full text, else `unknown`.
  static String ofText(String text) {
    var words = text.toLowerCase(Locale.ROOT).replaceAll("\\s+", " ");
    if (words.contains("general public license")) {
      return words.contains("lesser general public") ? "LGPL" : "GPL";
    }
    if (words.contains("apache license") && words.contains("version 2.0")) {
      return "Apache-2.0";
    }
    if (words.contains("eclipse public license")) {
      return "EPL";
    }
    if (words.contains("mozilla public license")) {
      return "MPL";
    }
    if (words.contains("permission is hereby granted, free of charge")) {
      return "MIT";
    }
    if (words.contains("redistribution and use in source and binary forms")) {
      return words.contains("neither the name") ? "BSD-3-Clause" : "BSD-2-Clause";
    }
    return UNKNOWN;
  }

  /// Whether the licence allows use and redistribution on terms of notice alone. One licence of
  /// several is enough, since a licensee may choose; they are joined with ` OR `.
  static boolean isPermissive(String license) {
    return List.of(license.split(" OR ")).stream().anyMatch(PERMISSIVE::contains);
  }
}
