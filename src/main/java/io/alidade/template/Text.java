package io.alidade.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Strings as Python sees them: sequences of code points, with Python's notion of whitespace,
/// lines, case and escapes.
final class Text {
  private Text() {}

  static boolean isBlank(int c) {
    return c == ' '
        || (c >= 9 && c <= 13)
        || (c >= 0x1c && c <= 0x1f)
        || c == 0x85
        || c == 0xa0
        || (c >= 0x1680
            && (c == 0x1680
                || (c >= 0x2000 && c <= 0x200a)
                || c == 0x2028
                || c == 0x2029
                || c == 0x202f
                || c == 0x205f
                || c == 0x3000));
  }

  /// Whether something follows `from` and all of it is whitespace.
  static boolean isBlank(String text, int from) {
    return from < text.length() && text.chars().skip(from).allMatch(Text::isBlank);
  }

  static String stripLeft(String text) {
    int start = 0;
    while (start < text.length() && isBlank(text.charAt(start))) {
      start++;
    }
    return text.substring(start);
  }

  static String stripRight(String text) {
    int end = text.length();
    while (end > 0 && isBlank(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end);
  }

  static String stripLeft(String text, String chars) {
    int start = 0;
    while (start < text.length() && chars.indexOf(text.codePointAt(start)) >= 0) {
      start += Character.charCount(text.codePointAt(start));
    }
    return text.substring(start);
  }

  static String stripRight(String text, String chars) {
    int end = text.length();
    while (end > 0 && chars.indexOf(text.codePointBefore(end)) >= 0) {
      end -= Character.charCount(text.codePointBefore(end));
    }
    return text.substring(0, end);
  }

  /// Length in code points.
  static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  /// The char offset of a code point.
  static int offset(String text, int codePoints) {
    return text.offsetByCodePoints(0, codePoints);
  }

  static String reversed(String text) {
    return new StringBuilder(text).reverse().toString();
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.codePointAt(0);
    int rest = Character.charCount(first);
    return titleCase(first) + lower(text.substring(rest));
  }

  static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  private static String titleCase(int c) {
    var whole = upper(Character.toString(c));
    return Character.toTitleCase(c) != Character.toUpperCase(c)
        ? Character.toString(Character.toTitleCase(c))
        : whole.codePointCount(0, whole.length()) == 1 ? whole : capitalizeExpansion(whole);
  }

  /// "ß" becomes "Ss" at the start of a word.
  private static String capitalizeExpansion(String upper) {
    int first = Character.charCount(upper.codePointAt(0));
    if (!Character.isUpperCase(upper.codePointAt(0))) {
      return upper;
    }
    return upper.substring(0, first) + lower(upper.substring(first));
  }

  /// Every run of letters starts with a capital.
  static String title(String text) {
    var out = new StringBuilder();
    boolean inWord = false;
    for (int c : text.codePoints().toArray()) {
      boolean cased =
          Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
      out.append(
          !cased ? Character.toString(c) : inWord ? lower(Character.toString(c)) : titleCase(c));
      inWord = cased;
    }
    return out.toString();
  }

  /// The lines of a text, without a last empty one.
  static List<String> lines(String text, boolean keepEnds) {
    List<String> lines = new ArrayList<>();
    int start = 0;
    for (int at = 0; at < text.length(); at++) {
      char c = text.charAt(at);
      boolean ends =
          (c >= 10 && c <= 13)
              || (c >= 0x1c && c <= 0x1e)
              || c == 0x85
              || c == 0x2028
              || c == 0x2029;
      if (ends) {
        int end = at;
        if (c == '\r' && at + 1 < text.length() && text.charAt(at + 1) == '\n') {
          at++;
        }
        lines.add(text.substring(start, keepEnds ? at + 1 : end));
        start = at + 1;
      }
    }
    if (start < text.length()) {
      lines.add(text.substring(start));
    }
    return lines;
  }

  /// Order by code point, where UTF-16 would put supplementary characters too low.
  static int compare(String a, String b) {
    int n = Math.min(a.length(), b.length());
    for (int i = 0; i < n; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        boolean high = Character.isSurrogate(x);
        return high == Character.isSurrogate(y) ? Character.compare(x, y) : high ? 1 : -1;
      }
    }
    return Integer.compare(a.length(), b.length());
  }

  /// Resolves the escapes of a string literal; unknown ones stay as written.
  static String unescape(String literal) {
    if (literal.indexOf('\\') < 0) {
      return literal;
    }
    var out = new StringBuilder();
    for (int at = 0; at < literal.length(); ) {
      char c = literal.charAt(at++);
      if (c != '\\' || at == literal.length()) {
        out.append(c);
        continue;
      }
      char escape = literal.charAt(at++);
      int simple = "abfnrtv\\'\"".indexOf(escape);
      if (simple >= 0) {
        out.append("\u0007\b\f\n\r\t\u000b\\'\"".charAt(simple));
      } else if (escape >= '0' && escape <= '7') {
        int end = at;
        while (end < literal.length()
            && end < at + 2
            && literal.charAt(end) >= '0'
            && literal.charAt(end) <= '7') {
          end++;
        }
        out.append((char) Integer.parseInt(literal.substring(at - 1, end), 8));
        at = end;
      } else if (escape == 'x' || escape == 'u' || escape == 'U') {
        int digits = escape == 'x' ? 2 : escape == 'u' ? 4 : 8;
        out.appendCodePoint(hex(literal, at, digits, escape));
        at += digits;
      } else if (escape == 'N' && at < literal.length() && literal.charAt(at) == '{') {
        int end = literal.indexOf('}', at);
        out.appendCodePoint(
            Character.codePointOf(literal.substring(at + 1, Math.max(at + 1, end))));
        at = end + 1;
      } else if (escape != '\n') {
        out.append('\\').append(escape);
      }
    }
    return out.toString();
  }

  private static int hex(String literal, int at, int digits, char escape) {
    if (at + digits <= literal.length()
        && literal.substring(at, at + digits).chars().allMatch(c -> Character.digit(c, 16) >= 0)) {
      int value = Integer.parseUnsignedInt(literal.substring(at, at + digits), 16);
      if (Character.isValidCodePoint(value)) {
        return value;
      }
    }
    throw new IllegalArgumentException(
        "expected " + digits + " hexadecimal digits after \\" + escape);
  }
}
