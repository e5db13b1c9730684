package io.alidade.judge.answer;

import java.util.Optional;
import java.util.regex.Pattern;

/// Where the final answer of a text stands.
public enum FinalAnswer {
  /// After the last `####`, to the end of its line, as GSM8K marks it (Cobbe et al. 2021,
  /// arXiv:2110.14168).
  MARKED,
  /// In the last `\boxed{…}` or `\fbox{…}`, as MATH marks it (Hendrycks et al. 2021,
  /// arXiv:2103.03874).
  BOXED,
  /// After the last "answer is", "answer:" or "answer =", to the end of its sentence.
  SAID,
  /// The last number of the text.
  LAST_NUMBER,
  /// All of the text.
  WHOLE,
  /// The first of the former that is there: boxed, marked, said, last number.
  ANY;

  private static final Pattern MARK = Pattern.compile("####\\s*([^\\n]*)");
  private static final Pattern SAYS =
      Pattern.compile(
          "(?i)\\banswers?\\b(?:\\s+(?:is|are|equals))?\\s*[:=]?\\s*(.+?)"
              + "(?=\\.(?:\\s|$)|\\n|$)");
  private static final Pattern NUMBER =
      Pattern.compile("[-−+]?(?:\\d{1,3}(?:,\\d{3})+|\\d+)?\\.?\\d+(?:[eE][-+]?\\d+)?(?:/\\d+)?%?");

  /// The final answer of a text, without surrounding space; absent where there is none.
  public Optional<String> of(String text) {
    var found =
        switch (this) {
          case MARKED -> last(MARK, 1, text);
          case BOXED -> boxed(text);
          case SAID -> said(text);
          case LAST_NUMBER -> last(NUMBER, 0, text);
          case WHOLE -> Optional.of(text);
          case ANY ->
              BOXED
                  .of(text)
                  .or(() -> MARKED.of(text))
                  .or(() -> SAID.of(text))
                  .or(() -> LAST_NUMBER.of(text));
        };
    return found.map(String::strip).filter(answer -> !answer.isEmpty());
  }

  private static Optional<String> last(Pattern pattern, int group, String text) {
    return pattern.matcher(text).results().reduce((_, b) -> b).map(match -> match.group(group));
  }

  /// "The answer is 5" says one; "the answers differ" says none that can be read, which the reader
  /// finds out.
  private static Optional<String> said(String text) {
    return last(SAYS, 1, text).map(said -> said.replaceFirst("[.!]$", ""));
  }

  /// Braces may be nested; `\boxed 5` holds one token. A box that is not closed does not count.
  private static Optional<String> boxed(String text) {
    int from = text.length();
    while (from >= 0) {
      int box = Math.max(text.lastIndexOf("\\boxed", from), text.lastIndexOf("\\fbox", from));
      if (box < 0) {
        return Optional.empty();
      }
      int open = box + (text.startsWith("\\boxed", box) ? 6 : 5);
      while (open < text.length() && text.charAt(open) == ' ') {
        open++;
      }
      if (open < text.length() && text.charAt(open) == '{') {
        int close = closing(text, open);
        if (close > 0) {
          return Optional.of(text.substring(open + 1, close));
        }
      } else if (open < text.length() && text.charAt(open - 1) == ' ') {
        return Optional.of(text.substring(open).split("[\\s$]", 2)[0]);
      }
      from = box - 1;
    }
    return Optional.empty();
  }

  /// The place of the brace that closes one, or -1. An escaped brace neither opens nor closes.
  static int closing(String text, int open) {
    int depth = 0;
    for (int i = open; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '\\' -> i++;
        case '{' -> depth++;
        case '}' -> {
          if (--depth == 0) {
            return i;
          }
        }
        default -> {}
      }
    }
    return -1;
  }
}
