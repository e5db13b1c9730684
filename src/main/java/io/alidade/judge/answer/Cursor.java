package io.alidade.judge.answer;

/// A place in a text, moved by what is read.
final class Cursor {
  private static final int DEEPEST = 200;

  /// Thrown where the text is none that is known here.
  static final class Unreadable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unreadable() {
      super("", null, false, false);
    }
  }

  final String text;
  int at;
  private int depth;

  Cursor(String text) {
    this.text = text;
  }

  /// Enters something that may hold itself.
  void deeper() {
    if (++depth > DEEPEST) {
      throw new Unreadable();
    }
  }

  /// Leaves it.
  void back() {
    depth--;
  }

  void space() {
    while (at < text.length() && text.charAt(at) == ' ') {
      at++;
    }
  }

  boolean peek(String what) {
    return text.startsWith(what, at);
  }

  boolean take(String what) {
    space();
    if (peek(what)) {
      at += what.length();
      return true;
    }
    return false;
  }

  void expect(String what) {
    if (!take(what)) {
      throw new Unreadable();
    }
  }
}
