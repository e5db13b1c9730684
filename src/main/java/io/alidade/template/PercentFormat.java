package io.alidade.template;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// `"%s of %d" % (a, b)`.
final class PercentFormat {
  private static final Pattern SYNTAX =
      Pattern.compile(
          "%(?:\\(([^)]*)\\))?([-+ 0#]*)(\\*|\\d{1,7})?(?:\\.(\\*|\\d{1,7})?)?(.)?",
          Pattern.DOTALL);

  private PercentFormat() {}

  static String format(Interpreter interpreter, String pattern, Object values, boolean escapes) {
    List<Object> items = values instanceof Tuple tuple ? tuple.items() : List.of(values);
    var match = SYNTAX.matcher(pattern);
    var out = new StringBuilder();
    int used = 0;
    int at = 0;
    while (match.find()) {
      out.append(pattern, at, match.start());
      at = match.end();
      var type = match.group(5);
      if (type == null) {
        throw new TemplateException("incomplete format");
      }
      if (type.equals("%")) {
        out.append('%');
        continue;
      }
      Object value;
      if (match.group(1) != null) {
        if (!(values instanceof Map<?, ?> dict)) {
          throw new TemplateException("format requires a mapping");
        }
        value = Values.lookup(dict, match.group(1));
        if (value == null) {
          throw new TemplateException("no value for key '" + match.group(1) + "'");
        }
      } else {
        if ("*".equals(match.group(3)) || "*".equals(match.group(4))) {
          throw new TemplateException("the width '*' of a format is not supported");
        }
        if (used == items.size()) {
          throw new TemplateException("not enough arguments for format string");
        }
        value = items.get(used++);
      }
      boolean precise = pattern.substring(match.start(), match.end()).indexOf('.') >= 0;
      int precision = !precise ? -1 : match.group(4) == null ? 0 : Integer.parseInt(match.group(4));
      int width = match.group(3) == null ? 0 : Integer.parseInt(match.group(3));
      interpreter.room(Math.max(width, precision));
      var text = one(value, type.charAt(0), match.group(2), width, precision);
      out.append(escapes && !(value instanceof Markup) ? Markup.escape(text) : text);
      interpreter.room(out.length());
    }
    if (used < items.size() && !(values instanceof Map<?, ?>) && !(values instanceof List<?>)) {
      throw new TemplateException("not all arguments converted during string formatting");
    }
    return out.append(pattern.substring(at)).toString();
  }

  private static String one(Object value, char type, String flags, int width, int precision) {
    boolean numeric = "diuxXofFeEgG".indexOf(type) >= 0;
    if (!numeric) {
      var text =
          switch (type) {
            case 's' -> Values.str(value);
            case 'r', 'a' -> Values.repr(value);
            case 'c' ->
                Values.isText(value)
                    ? Values.text(value)
                    : Character.toString((int) Numbers.index(value));
            default -> throw new TemplateException("unsupported format character '" + type + "'");
          };
      var cut =
          precision >= 0 && precision < Text.length(text)
              ? text.substring(0, Text.offset(text, precision))
              : text;
      return padded("", cut, flags.indexOf('-') >= 0 ? '-' : ' ', width);
    }
    if (value instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (!Numbers.isNumber(value) || (value instanceof Double && "xXo".indexOf(type) >= 0)) {
      throw new TemplateException(
          "%" + type + " format: a number is required, not " + Values.type(value));
    }
    boolean real = "fFeEgG".indexOf(type) >= 0;
    boolean negative = Numbers.compare(value, 0L) < 0;
    String body;
    if (real) {
      body =
          FormatSpec.real(Math.abs(Numbers.real(value)), type, precision, flags.indexOf('#') >= 0);
    } else {
      var integer =
          value instanceof Double d
              ? new java.math.BigDecimal(d).toBigInteger()
              : Numbers.big(value);
      body = FormatSpec.integer(integer.abs(), type, flags.indexOf('#') >= 0);
      body = "0".repeat(Math.max(0, precision - body.length())) + body;
    }
    var sign = negative ? "-" : flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "";
    char side = flags.indexOf('-') >= 0 ? '-' : flags.indexOf('0') >= 0 ? '0' : ' ';
    return padded(sign, body, side, width);
  }

  private static String padded(String sign, String body, char side, int width) {
    int missing = Math.max(0, width - sign.length() - Text.length(body));
    return switch (side) {
      case '-' -> sign + body + " ".repeat(missing);
      case '0' -> sign + "0".repeat(missing) + body;
      default -> " ".repeat(missing) + sign + body;
    };
  }
}
