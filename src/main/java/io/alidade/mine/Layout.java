package io.alidade.mine;

/// Moves source text to the left margin.
final class Layout {
  private static final int TAB = 4;

  private Layout() {}

  /// Columns of white space at the start of a line.
  static int margin(String line) {
    int columns = 0;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == ' ') {
        columns++;
      } else if (c == '\t') {
        columns += TAB;
      } else {
        break;
      }
    }
    return columns;
  }

  /// The text with `\n` as line end, leading tabs as four spaces, up to `margin` columns taken from
  /// every line but the first, and no trailing white space on a line.
  static String left(String text, int margin) {
    var lines = text.split("\r\n|\r|\n", -1);
    var moved = new StringBuilder(text.length());
    for (int i = 0; i < lines.length; i++) {
      var line = lines[i];
      if (i > 0) {
        moved.append('\n');
        int columns = margin(line);
        var code = line.stripLeading();
        if (code.isEmpty()) {
          continue;
        }
        moved.repeat(' ', Math.max(0, columns - margin));
        line = code;
      }
      moved.append(i < lines.length - 1 ? line.stripTrailing() : line);
    }
    return moved.toString();
  }
}
