package io.alidade.template;

import io.alidade.UserException;
import io.alidade.template.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Cuts template source into tokens and settles all whitespace questions: one trailing newline of
/// the source is dropped, the newline after a block or comment is dropped (`trim_blocks`), blanks
/// from the start of a line up to a block or comment are dropped (`lstrip_blocks`), `-` next to a
/// delimiter drops all whitespace on that side, `+` keeps it.
final class Lexer {
  private static final Pattern RAW =
      Pattern.compile("\\{%[-+]?\\s*raw\\s*(?:-%}\\s*|%})", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern END_RAW =
      Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%}", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern FLOAT =
      Pattern.compile(
          "(?<!\\.)(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
  private static final Pattern INTEGER =
      Pattern.compile(
          "0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
  private static final List<String> OPERATORS =
      List.of(
          "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
          "}", ">", "<", "=", ".", ":", "|", ",", ";");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int position;
  private int counted; // chars already counted into `line`
  private int line = 1;

  Lexer(String template) {
    var unified = template.replace("\r\n", "\n").replace('\r', '\n');
    source = unified.endsWith("\n") ? unified.substring(0, unified.length() - 1) : unified;
  }

  List<Token> tokens() {
    while (position < source.length()) {
      int open = opening(position);
      if (open < 0) {
        emit(Kind.DATA, source.substring(position), position);
        break;
      }
      char kind = source.charAt(open + 1);
      var raw = kind == '%' ? matcher(RAW, open) : null;
      emitData(source.substring(position, open), kind, sign(open + 2));
      if (raw != null && raw.lookingAt()) {
        position = raw.end();
        raw();
      } else if (kind == '#') {
        position = open + 2 + (sign(open + 2) == 0 ? 0 : 1);
        comment(open);
      } else {
        emit(kind == '%' ? Kind.BLOCK_BEGIN : Kind.PRINT_BEGIN, "", open);
        position = open + 2 + (sign(open + 2) == 0 ? 0 : 1);
        code(kind == '%', open);
      }
    }
    emit(Kind.END, "", source.length());
    return tokens;
  }

  private int opening(int from) {
    for (int at = source.indexOf('{', from); at >= 0; at = source.indexOf('{', at + 1)) {
      if (at + 1 < source.length() && "{%#".indexOf(source.charAt(at + 1)) >= 0) {
        return at;
      }
    }
    return -1;
  }

  private char sign(int at) {
    char c = at < source.length() ? source.charAt(at) : 0;
    return c == '-' || c == '+' ? c : 0;
  }

  private void emitData(String text, char kind, char sign) {
    if (sign == '-') {
      emitData(Text.stripRight(text));
    } else if (sign != '+' && kind != '{') {
      emitData(withoutIndent(text));
    } else {
      emitData(text);
    }
  }

  private void emitData(String text) {
    if (!text.isEmpty()) {
      emit(Kind.DATA, text, position);
    }
  }

  /// Drops blanks after the last newline; without a newline, only where the text starts a line.
  private String withoutIndent(String text) {
    int lineStart = text.lastIndexOf('\n') + 1;
    boolean startsLine = position == 0 || source.charAt(position - 1) == '\n';
    return (lineStart > 0 || startsLine) && Text.isBlank(text, lineStart)
        ? text.substring(0, lineStart)
        : text;
  }

  private void raw() {
    int begin = position;
    var end = END_RAW.matcher(source);
    if (!end.find(position)) {
      throw error(begin, "expected '{% endraw %}', found the end of the template");
    }
    var text = source.substring(position, end.start());
    emitData(text, '%', end.group(1).isEmpty() ? 0 : end.group(1).charAt(0));
    position = end.end();
    afterTag(end.group(2).isEmpty() ? 0 : end.group(2).charAt(0), true);
  }

  private void comment(int open) {
    int close = source.indexOf("#}", position);
    if (close < 0) {
      throw error(open, "expected '#}', found the end of the template");
    }
    char sign = close > position ? sign(close - 1) : 0;
    position = close + 2;
    afterTag(sign, true);
  }

  private void afterTag(char sign, boolean trims) {
    if (sign == '-') {
      skipBlanks();
    } else if (sign == 0
        && trims
        && position < source.length()
        && source.charAt(position) == '\n') {
      position++;
    }
  }

  private void skipBlanks() {
    while (position < source.length() && Text.isBlank(source.charAt(position))) {
      position++;
    }
  }

  /// The tokens of an expression or statement, through its closing delimiter.
  private void code(boolean block, int open) {
    Deque<Character> brackets = new ArrayDeque<>();
    while (true) {
      skipBlanks();
      if (position >= source.length()) {
        throw error(
            open, "expected '" + (block ? "%}" : "}}") + "', found the end of the template");
      }
      if (brackets.isEmpty() && closed(block)) {
        return;
      }
      next(brackets);
    }
  }

  private boolean closed(boolean block) {
    char sign = sign(position);
    if (sign == '+' && !block) {
      return false;
    }
    int at = position + (sign == 0 ? 0 : 1);
    if (!source.startsWith(block ? "%}" : "}}", at)) {
      return false;
    }
    emit(block ? Kind.BLOCK_END : Kind.PRINT_END, "", position);
    position = at + 2;
    afterTag(sign, block);
    return true;
  }

  private void next(Deque<Character> brackets) {
    int start = position;
    char c = source.charAt(start);
    if (c >= '0' && c <= '9') {
      var real = matcher(FLOAT, start);
      boolean isReal = real.lookingAt();
      var number = isReal ? real : matcher(INTEGER, start);
      if (!isReal && !number.lookingAt()) {
        throw error(start, "expected a number, found '" + c + "'");
      }
      position = number.end();
      emit(isReal ? Kind.FLOAT : Kind.INTEGER, number.group().replace("_", ""), start);
    } else if (Character.isUnicodeIdentifierStart(source.codePointAt(start)) || c == '_') {
      int end = start;
      while (end < source.length()
          && Character.isUnicodeIdentifierPart(source.codePointAt(end))
          && !Character.isIdentifierIgnorable(source.codePointAt(end))) {
        end += Character.charCount(source.codePointAt(end));
      }
      position = end;
      emit(Kind.NAME, source.substring(start, end), start);
    } else if (c == '"' || c == '\'') {
      string(c);
    } else {
      operator(brackets);
    }
  }

  private void string(char quote) {
    int start = position;
    int at = start + 1;
    while (at < source.length() && source.charAt(at) != quote) {
      at += source.charAt(at) == '\\' ? 2 : 1;
    }
    if (at >= source.length()) {
      throw error(start, "expected a closing " + quote + ", found the end of the template");
    }
    position = at + 1;
    try {
      emit(Kind.STRING, Text.unescape(source.substring(start + 1, at)), start);
    } catch (IllegalArgumentException bad) {
      throw error(start, bad.getMessage() + " in a string");
    }
  }

  private void operator(Deque<Character> brackets) {
    int start = position;
    for (var operator : OPERATORS) {
      if (source.startsWith(operator, start)) {
        char c = operator.charAt(0);
        if (c == '(' || c == '[' || c == '{') {
          brackets.push(c);
        } else if (c == ')' || c == ']' || c == '}') {
          char opening = c == ')' ? '(' : c == ']' ? '[' : '{';
          if (brackets.isEmpty() || brackets.pop() != opening) {
            throw error(start, "expected no '" + c + "' here: its '" + opening + "' is missing");
          }
        }
        position += operator.length();
        emit(Kind.OPERATOR, operator, start);
        return;
      }
    }
    throw error(
        start,
        "expected an expression, found '" + Character.toString(source.codePointAt(start)) + "'");
  }

  private Matcher matcher(Pattern pattern, int from) {
    return pattern
        .matcher(source)
        .region(from, source.length())
        .useTransparentBounds(true)
        .useAnchoringBounds(false);
  }

  private void emit(Kind kind, String text, int at) {
    tokens.add(new Token(kind, text, lineAt(at)));
  }

  private int lineAt(int at) {
    if (at < counted) {
      counted = 0;
      line = 1;
    }
    for (; counted < at; counted++) {
      if (source.charAt(counted) == '\n') {
        line++;
      }
    }
    return line;
  }

  private UserException error(int at, String message) {
    return new UserException("chat template, line " + lineAt(at) + ": " + message);
  }
}
