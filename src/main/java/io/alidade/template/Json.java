package io.alidade.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// `tojson`: what Python's `json.dumps` writes, by default with non-ASCII characters as they are.
final class Json {
  private final StringBuilder out = new StringBuilder();
  private final Interpreter interpreter;
  private final boolean ascii;
  private final @Nullable String indent;
  private final String itemSeparator;
  private final String keySeparator;
  private final boolean sorted;

  private Json(
      Interpreter interpreter,
      boolean ascii,
      @Nullable String indent,
      @Nullable List<String> separators,
      boolean sorted) {
    this.interpreter = interpreter;
    this.ascii = ascii;
    this.indent = indent;
    this.itemSeparator = separators != null ? separators.getFirst() : indent == null ? ", " : ",";
    this.keySeparator = separators != null ? separators.getLast() : ": ";
    this.sorted = sorted;
  }

  /// The filter.
  static Object filter(Interpreter interpreter, Object value, Args args) {
    var bound = args.bind("tojson", "ensure_ascii?", "indent?", "separators?", "sort_keys?");
    String indent = null;
    if (Args.isGiven(bound[1])) {
      indent =
          Values.isText(bound[1])
              ? Values.text(bound[1])
              : " ".repeat(Math.max(0, Args.integer(bound[1], 0)));
    }
    List<String> separators = null;
    if (Args.isGiven(bound[2])) {
      separators = Values.list(bound[2]).stream().map(Values::text).toList();
      if (separators.size() != 2) {
        throw new TemplateException("separators must be two strings");
      }
    }
    var json =
        new Json(
            interpreter,
            Args.truth(bound[0], false),
            indent,
            separators,
            Args.truth(bound[3], false));
    json.write(value, 0);
    return json.out.toString();
  }

  private void write(Object value, int level) {
    interpreter.room(out.length());
    switch (value) {
      case None none -> out.append("null");
      case Boolean truth -> out.append(truth.booleanValue());
      case Long integer -> out.append(integer.longValue());
      case BigInteger integer -> out.append(integer);
      case Double real -> out.append(real(real));
      case String text -> string(text);
      case Markup markup -> string(markup.text());
      case Range range -> throw unserializable(value);
      case List<?> list -> array(list, level);
      case Tuple tuple -> array(tuple.items(), level);
      case Map<?, ?> dict -> object(dict, level);
      default -> throw unserializable(value);
    }
  }

  private static TemplateException unserializable(Object value) {
    return new TemplateException(
        "Object of type " + Values.type(value) + " is not JSON serializable");
  }

  private static String real(double value) {
    return Double.isNaN(value)
        ? "NaN"
        : Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : Numbers.repr(value);
  }

  private void array(List<?> items, int level) {
    out.append('[');
    for (Iterator<?> each = items.iterator(); each.hasNext(); ) {
      line(level + 1);
      write(Objects.requireNonNull(each.next()), level + 1);
      out.append(each.hasNext() ? itemSeparator : "");
    }
    if (!items.isEmpty()) {
      line(level);
    }
    out.append(']');
  }

  private void object(Map<?, ?> dict, int level) {
    Map<Object, Object> entries = new LinkedHashMap<>(dict);
    if (sorted) {
      List<Object> keys = new ArrayList<>(dict.keySet());
      keys.sort((a, b) -> Comparison.compare(a, b, "<"));
      entries.clear();
      keys.forEach(key -> entries.put(key, Objects.requireNonNull(dict.get(key))));
    }
    out.append('{');
    for (var each = entries.entrySet().iterator(); each.hasNext(); ) {
      var entry = each.next();
      line(level + 1);
      string(key(entry.getKey()));
      out.append(keySeparator);
      write(entry.getValue(), level + 1);
      out.append(each.hasNext() ? itemSeparator : "");
    }
    if (!entries.isEmpty()) {
      line(level);
    }
    out.append('}');
  }

  private static String key(Object key) {
    return switch (key) {
      case String text -> text;
      case None none -> "null";
      case Boolean truth -> truth ? "true" : "false";
      case Double real -> real(real);
      case Number integer -> integer.toString();
      default ->
          throw new TemplateException(
              "keys must be str, int, float, bool or None, not " + Values.type(key));
    };
  }

  private void line(int level) {
    if (indent != null) {
      out.append('\n').append(indent.repeat(level));
    }
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < ' ' || (ascii && c > '~')) {
            out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
