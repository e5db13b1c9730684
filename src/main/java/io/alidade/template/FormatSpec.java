package io.alidade.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Pattern;

/// Python's format specification, `[[fill]align][sign][#][0][width][,][.precision][type]`, as in
/// `{:>8.2f}`.
record FormatSpec(
    String fill,
    char align,
    char sign,
    boolean alternate,
    int width,
    String grouping,
    int precision,
    char type) {
  private static final Pattern SYNTAX =
      Pattern.compile(
          "(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\\d{1,7})?([,_])?(?:\\.(\\d{1,7}))?([a-zA-Z%])?",
          Pattern.DOTALL);

  static FormatSpec parse(String spec) {
    var match = SYNTAX.matcher(spec);
    if (!match.matches()) {
      throw new TemplateException("Invalid format specifier '" + spec + "'");
    }
    boolean zero = match.group(5) != null;
    var align = match.group(2);
    return new FormatSpec(
        match.group(1) != null ? match.group(1) : zero && align == null ? "0" : " ",
        align != null ? align.charAt(0) : zero ? '=' : 0,
        match.group(3) == null ? '-' : match.group(3).charAt(0),
        match.group(4) != null,
        match.group(6) == null ? 0 : Integer.parseInt(match.group(6)),
        match.group(7) == null ? "" : match.group(7),
        match.group(8) == null ? -1 : Integer.parseInt(match.group(8)),
        match.group(9) == null ? 0 : match.group(9).charAt(0));
  }

  String apply(Interpreter interpreter, Object value) {
    interpreter.room(Math.max(width, precision));
    if (Values.isText(value)) {
      if ((type != 0 && type != 's') || (align == '=' && !fill.equals("0"))) {
        throw unknown(value);
      }
      var text = Values.text(value);
      boolean cuts = precision >= 0 && precision < Text.length(text);
      return padded("", cuts ? text.substring(0, Text.offset(text, precision)) : text, '<');
    }
    boolean plainTruth = value instanceof Boolean && type == 0;
    if (Numbers.isNumber(value) && !plainTruth) {
      return number(value);
    }
    if (!equals(parse("")) && !plainTruth) {
      throw new TemplateException(
          "unsupported format string passed to " + Values.type(value) + ".__format__");
    }
    return padded("", Values.str(value), '<');
  }

  private TemplateException unknown(Object value) {
    return new TemplateException(
        "Unknown format code '" + type + "' for object of type '" + Values.type(value) + "'");
  }

  private String number(Object value) {
    boolean negative =
        value instanceof Double real ? real < 0 || 1 / real < 0 : Numbers.big(value).signum() < 0;
    var body =
        switch (type) {
          case 'd', 'n', 'b', 'o', 'x', 'X', 'c' -> {
            if (value instanceof Double) {
              throw unknown(value);
            }
            yield grouped(integer(Numbers.big(value).abs(), type, alternate));
          }
          case 0 ->
              value instanceof Double real
                  ? grouped(
                      precision < 0
                          ? Numbers.repr(Math.abs(real))
                          : general(Math.abs(real), precision, alternate, true))
                  : grouped(Numbers.big(value).abs().toString());
          case 'f', 'F', 'e', 'E', 'g', 'G', '%' ->
              grouped(real(Math.abs(Numbers.real(value)), type, precision, alternate));
          default -> throw unknown(value);
        };
    var prefix = negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    return padded(prefix, body, '>');
  }

  static String integer(BigInteger value, char type, boolean alternate) {
    return switch (type) {
      case 'b' -> (alternate ? "0b" : "") + value.toString(2);
      case 'o' -> (alternate ? "0o" : "") + value.toString(8);
      case 'x' -> (alternate ? "0x" : "") + value.toString(16);
      case 'X' -> (alternate ? "0X" : "") + value.toString(16).toUpperCase(Locale.ROOT);
      case 'c' -> Character.toString(value.intValueExact());
      default -> value.toString();
    };
  }

  /// A float that is not negative.
  static String real(double value, char type, int precision, boolean alternate) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      var text = Double.isNaN(value) ? "nan" : "inf";
      return Character.isUpperCase(type) ? Text.upper(text) : text + (type == '%' ? "%" : "");
    }
    int digits = precision < 0 ? 6 : precision;
    var text =
        switch (type) {
          case 'f', 'F' -> fixed(new BigDecimal(value), digits);
          case '%' -> fixed(new BigDecimal(value * 100), digits) + "%";
          case 'e', 'E' -> exponential(new BigDecimal(value), digits);
          default -> general(value, digits, alternate, false);
        };
    return Character.isUpperCase(type) ? Text.upper(text) : text;
  }

  private static String fixed(BigDecimal value, int digits) {
    return value.setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
  }

  private static String exponential(BigDecimal value, int digits) {
    var rounded = value.round(new MathContext(digits + 1, RoundingMode.HALF_EVEN));
    var unscaled = rounded.unscaledValue().toString();
    int exponent = rounded.signum() == 0 ? 0 : unscaled.length() - rounded.scale() - 1;
    var shown =
        unscaled.length() > digits
            ? unscaled.substring(0, digits + 1)
            : unscaled + "0".repeat(digits + 1 - unscaled.length());
    return shown.charAt(0)
        + (digits > 0 ? "." + shown.substring(1) : "")
        + (exponent < 0 ? "e-" : "e+")
        + (Math.abs(exponent) < 10 ? "0" : "")
        + Math.abs(exponent);
  }

  private static String general(double value, int precision, boolean alternate, boolean pointed) {
    int digits = Math.max(1, precision);
    var rounded = new BigDecimal(value).round(new MathContext(digits, RoundingMode.HALF_EVEN));
    int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
    boolean plain = exponent >= -4 && exponent < (pointed ? Math.max(digits - 1, 1) : digits);
    var text =
        plain
            ? fixed(rounded, Math.max(0, digits - 1 - exponent))
            : exponential(new BigDecimal(value), digits - 1);
    if (!alternate && text.indexOf('.') >= 0) {
      int end = text.indexOf('e') < 0 ? text.length() : text.indexOf('e');
      text = text.substring(0, end).replaceFirst("\\.?0+$", "") + text.substring(end);
    }
    return pointed && plain && text.indexOf('.') < 0 ? text + ".0" : text;
  }

  private String grouped(String digits) {
    if (grouping.isEmpty()) {
      return digits;
    }
    int end = 0;
    while (end < digits.length() && Character.isDigit(digits.charAt(end))) {
      end++;
    }
    var out = new StringBuilder(digits);
    for (int at = end - 3; at > 0; at -= 3) {
      out.insert(at, grouping);
    }
    return out.toString();
  }

  private String padded(String prefix, String body, char usual) {
    int missing = Math.max(0, width - Text.length(prefix) - Text.length(body));
    char side = align == 0 ? usual : align;
    return switch (side) {
      case '<' -> prefix + body + fill.repeat(missing);
      case '^' -> fill.repeat(missing / 2) + prefix + body + fill.repeat(missing - missing / 2);
      case '=' -> prefix + fill.repeat(missing) + body;
      default -> fill.repeat(missing) + prefix + body;
    };
  }
}
