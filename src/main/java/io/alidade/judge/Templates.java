package io.alidade.judge;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Texts with places.
final class Templates {
  private static final Pattern PLACE = Pattern.compile("\\{(\\w+)\\}");

  private Templates() {}

  /// Filled in one pass: braces in what is filled in are no places.
  static String filled(String template, Map<String, String> values) {
    return PLACE
        .matcher(template)
        .replaceAll(
            place -> Matcher.quoteReplacement(values.getOrDefault(place.group(1), place.group())));
  }
}
