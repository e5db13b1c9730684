package io.alidade.judge.answer;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Mathematical text in one spelling: LaTeX, Unicode and plain text come to the same characters,
/// and what only decorates is gone.
final class MathText {
  private static final List<String> GONE =
      List.of(
          "\\left",
          "\\right",
          "\\bigl",
          "\\bigr",
          "\\big",
          "\\Big",
          "\\!",
          "\\,",
          "\\;",
          "\\:",
          "\\quad",
          "\\qquad",
          "\\displaystyle",
          "\\limits",
          "\\$",
          "$",
          "£",
          "€",
          "\\(",
          "\\)",
          "\\[",
          "\\]",
          "**",
          "^\\circ",
          "^{\\circ}",
          "\\degree",
          "°",
          "\\ldotp");

  private static final List<Map.Entry<String, String>> SPELLINGS =
      List.of(
          Map.entry("\\dfrac", "\\frac"),
          Map.entry("\\tfrac", "\\frac"),
          Map.entry("\\cfrac", "\\frac"),
          Map.entry("\\lbrace", "\\{"),
          Map.entry("\\rbrace", "\\}"),
          Map.entry("\\%", "%"),
          Map.entry("\\cdot", "*"),
          Map.entry("\\times", "*"),
          Map.entry("\\div", "/"),
          Map.entry("\\pm", "±"),
          Map.entry("\\infty", "∞"),
          Map.entry("\\infinity", "∞"),
          Map.entry("\\pi", "π"),
          Map.entry("\\cup", "∪"),
          Map.entry("\\emptyset", "∅"),
          Map.entry("\\varnothing", "∅"),
          Map.entry("−", "-"),
          Map.entry("–", "-"),
          Map.entry("×", "*"),
          Map.entry("·", "*"),
          Map.entry("÷", "/"),
          Map.entry("½", "\\frac{1}{2}"),
          Map.entry("¼", "\\frac{1}{4}"),
          Map.entry("¾", "\\frac{3}{4}"),
          Map.entry("√", "\\sqrt"),
          Map.entry("²", "^2"),
          Map.entry("³", "^3"),
          Map.entry("{,}", ","),
          Map.entry("~", " "),
          Map.entry("\\ ", " "),
          Map.entry("\u00a0", " "),
          Map.entry("\u202f", " "));

  private static final Pattern NAME =
      Pattern.compile("^\\s*\\\\?[A-Za-z](?:_\\{?\\w+\\}?)?\\s*(?:=|\\\\in\\b|∈)\\s*");
  private static final Pattern THOUSANDS =
      Pattern.compile("(?<![\\d.,])\\d{1,3}(?:,\\d{3})+(?![\\d,])");
  private static final Pattern SPACED_THOUSANDS =
      Pattern.compile("(?<![\\d.,])\\d{1,3}(?: \\d{3})+(?![\\d,])");

  /// Stands for the end of a line of a matrix.
  static final String LINE = "¶";

  private MathText() {}

  static String of(String text) {
    var plain = text.strip();
    plain = plain.replace("\\\\", LINE).replaceFirst("(?:[.;:!\\\\]|" + LINE + ")+$", "").strip();
    for (var spelling : SPELLINGS) {
      plain = replaced(plain, spelling.getKey(), spelling.getValue());
    }
    for (var gone : GONE) {
      plain = replaced(plain, gone, gone.equals("\\!") ? "" : gone.startsWith("\\") ? " " : "");
    }
    plain = NAME.matcher(plain).replaceFirst("");
    if (!plain.matches("^[(\\[{\\\\].*") || plain.startsWith("\\frac")) {
      // Inside of brackets a comma divides; outside it may group digits.
      plain = grouped(THOUSANDS, plain);
    }
    plain = grouped(SPACED_THOUSANDS, plain);
    return plain.replaceAll("\\s+", " ").strip();
  }

  private static String grouped(Pattern pattern, String text) {
    return pattern.matcher(text).replaceAll(match -> match.group().replaceAll("[ ,]", ""));
  }

  /// A command ends where its letters end: `\pi` is not the beginning of `\pitchfork`.
  private static String replaced(String text, String from, String to) {
    if (!text.contains(from)) {
      return text;
    }
    boolean command = from.startsWith("\\") && Character.isLetter(from.charAt(from.length() - 1));
    return command
        ? Pattern.compile(Pattern.quote(from) + "(?![A-Za-z])")
            .matcher(text)
            .replaceAll(java.util.regex.Matcher.quoteReplacement(to))
        : text.replace(from, to);
  }

  /// Words for comparison: lower case, letters and digits and signs alone.
  static String words(String text) {
    return text.replaceAll("\\\\(?:text|textbf|textit|mathrm|mathbf|mbox|operatorname)\\s*", "")
        .toLowerCase(java.util.Locale.ROOT)
        .replaceAll("[\\s{}$\\\\\"'`;!?]+", "")
        .replaceAll("(?<!\\d)[.,]|[.,](?!\\d)", "")
        .replaceAll("^\\(([a-z])\\)$", "$1");
  }
}
