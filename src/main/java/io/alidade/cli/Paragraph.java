package io.alidade.cli;

import java.io.PrintWriter;

/// Words in lines of a terminal's usual width.
final class Paragraph {
  /// Columns.
  static final int WIDTH = 80;

  private Paragraph() {}

  /// @param before stands before the first line; the further ones are as deep
  static void print(PrintWriter out, String before, String text) {
    print(out, before, before.length(), text);
  }

  /// @param before stands before the first line
  /// @param depth columns before the further ones
  static void print(PrintWriter out, String before, int depth, String text) {
    var line = new StringBuilder(before);
    boolean empty = true;
    for (var word : text.split(" ", -1)) {
      if (!empty && line.length() + 1 + word.length() > WIDTH) {
        out.println(line);
        line = new StringBuilder(" ".repeat(depth));
        empty = true;
      }
      line.append(empty ? "" : " ").append(word);
      empty = false;
    }
    out.println(line);
  }
}
