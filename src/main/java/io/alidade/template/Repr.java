package io.alidade.template;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

/// Python's `repr`: how values look inside printed lists and dicts.
final class Repr {
  private Repr() {}

  static void write(Object value, StringBuilder out) {
    // A list that holds another twice, again and again, prints without end.
    if (out.length() > Limits.DEFAULT.characters()) {
      throw Limits.exceeded("characters", Limits.DEFAULT.characters());
    }
    switch (value) {
      case None none -> out.append("None");
      case Boolean truth -> out.append(truth ? "True" : "False");
      case Double real -> out.append(Numbers.repr(real));
      case Number integer -> out.append(integer);
      case String text -> string(text, out);
      case Markup markup -> {
        out.append("Markup(");
        string(markup.text(), out);
        out.append(')');
      }
      case Range range -> {
        out.append("range(").append(range.start).append(", ").append(range.stop);
        out.append(range.step == 1 ? ")" : ", " + range.step + ")");
      }
      case List<?> list -> items(list.iterator(), "[", "]", out);
      case Tuple tuple ->
          items(tuple.items().iterator(), "(", tuple.items().size() == 1 ? ",)" : ")", out);
      case Map<?, ?> dict -> dict(dict, out);
      case View view -> items(view.iterator(), Values.type(view) + "([", "])", out);
      case Undefined undefined -> out.append("Undefined");
      case Namespace namespace -> {
        out.append("<Namespace ");
        dict(namespace.attributes, out);
        out.append('>');
      }
      case Macro macro -> {
        out.append("<Macro ");
        string(macro.name(), out);
        out.append('>');
      }
      case Loop loop ->
          out.append("<LoopContext ")
              .append(loop.index())
              .append('/')
              .append(loop.length())
              .append('>');
      default -> out.append('<').append(Values.type(value)).append(" object>");
    }
  }

  private static void items(Iterator<?> items, String open, String close, StringBuilder out) {
    out.append(open);
    for (boolean first = true; items.hasNext(); first = false) {
      if (!first) {
        out.append(", ");
      }
      write(java.util.Objects.requireNonNull(items.next()), out);
    }
    out.append(close);
  }

  private static void dict(Map<?, ?> dict, StringBuilder out) {
    out.append('{');
    boolean first = true;
    for (var entry : dict.entrySet()) {
      if (!first) {
        out.append(", ");
      }
      first = false;
      write(java.util.Objects.requireNonNull(entry.getKey()), out);
      out.append(": ");
      write(java.util.Objects.requireNonNull(entry.getValue()), out);
    }
    out.append('}');
  }

  private static void string(String text, StringBuilder out) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    out.append(quote);
    text.codePoints().forEach(c -> character(c, quote, out));
    out.append(quote);
  }

  private static void character(int c, char quote, StringBuilder out) {
    switch (c) {
      case '\\' -> out.append("\\\\");
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      default -> {
        if (c == quote) {
          out.append('\\').append(quote);
        } else if (isPrintable(c)) {
          out.appendCodePoint(c);
        } else {
          out.append(
              String.format(
                  java.util.Locale.ROOT,
                  c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x",
                  c));
        }
      }
    }
  }

  static boolean isPrintable(int c) {
    if (c < 0x7f) {
      return c >= ' ';
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
