package io.alidade.template;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// What may follow `|`: conversions and texts here, sequences in [SequenceFilters] and
/// [OrderFilters].
final class Filters {
  /// One filter; the value is what stands before the `|`.
  interface Filter {
    Object apply(Interpreter interpreter, Object value, Args args);
  }

  private static final Pattern WORD = Pattern.compile("[\\p{IsAlphabetic}\\p{IsDigit}_]+");
  private static final Pattern TITLE_PART = Pattern.compile("([-\\s({\\[<]+)");

  private static final Map<String, Filter> ALL = new HashMap<>(SequenceFilters.ALL);

  static {
    ALL.putAll(OrderFilters.ALL);
    define(Filters::otherwise, "default", "d");
    define((in, value, args) -> text(value, Text.upper(soft(value))), "upper");
    define((in, value, args) -> text(value, Text.lower(soft(value))), "lower");
    define((in, value, args) -> text(value, Text.capitalize(soft(value))), "capitalize");
    define((in, value, args) -> title(soft(value)), "title");
    define(
        (in, value, args) ->
            text(
                value,
                StringMethods.strip(soft(value), args.bind("trim", "chars?")[0], true, true)),
        "trim");
    define((in, value, args) -> value instanceof Markup ? value : Values.str(value), "string");
    define((in, value, args) -> new Markup(Values.str(value)), "safe");
    define((in, value, args) -> new Markup(Markup.escape(value)), "escape", "e");
    define((in, value, args) -> new Markup(Markup.escape(Values.str(value))), "forceescape");
    define(Json::filter, "tojson");
    define(Filters::replace, "replace");
    define(Filters::indent, "indent");
    define(Filters::truncate, "truncate");
    define(
        (in, value, args) ->
            text(
                value,
                StringMethods.pad(
                    in,
                    soft(value),
                    "center",
                    Args.integer(args.bind("center", "width?")[0], 80),
                    " ")),
        "center");
    define((in, value, args) -> WORD.matcher(soft(value)).results().count(), "wordcount");
    define(Filters::format, "format");
    define((in, value, args) -> stripTags(value), "striptags");
    define((in, value, args) -> urlEncode(value), "urlencode");
    define(Filters::integer, "int");
    define(Filters::real, "float");
    define(Filters::round, "round");
    define((in, value, args) -> absolute(value), "abs");
    define(Filters::attribute, "attr");
    define((in, value, args) -> Values.repr(value), "pprint");
  }

  private Filters() {}

  private static void define(Filter filter, String... names) {
    for (var name : names) {
      ALL.put(name, filter);
    }
  }

  static boolean has(String name) {
    return ALL.containsKey(name);
  }

  static Object apply(Interpreter interpreter, String name, Object value, Args args) {
    var filter = ALL.get(name);
    if (filter == null) {
      throw new TemplateException("no filter named '" + name + "'");
    }
    interpreter.step();
    return filter.apply(interpreter, value, args);
  }

  /// A value as text, where undefined is empty.
  private static String soft(Object value) {
    return Values.str(value);
  }

  private static Object text(Object origin, String text) {
    return Arithmetic.like(origin, text);
  }

  private static Object otherwise(Interpreter in, Object value, Args args) {
    var bound = args.bind("default", "default_value?", "boolean?");
    boolean missing =
        value instanceof Undefined || (Args.truth(bound[1], false) && !Values.truth(value));
    return !missing ? value : bound[0] == Args.ABSENT ? "" : bound[0];
  }

  private static Object title(String text) {
    var out = new StringBuilder();
    var match = TITLE_PART.matcher(text);
    int at = 0;
    while (match.find()) {
      out.append(Text.capitalize(text.substring(at, match.start()))).append(match.group());
      at = match.end();
    }
    return out.append(Text.capitalize(text.substring(at))).toString();
  }

  private static Object replace(Interpreter in, Object value, Args args) {
    var bound = args.bind("replace", "old", "new", "count?");
    return StringMethods.replace(
        in,
        Values.str(value),
        Values.str(bound[0]),
        Values.str(bound[1]),
        Args.isGiven(bound[2]) ? Args.integer(bound[2], -1) : -1);
  }

  private static Object indent(Interpreter in, Object value, Args args) {
    var bound = args.bind("indent", "width?", "first?", "blank?");
    var indent =
        Values.isText(bound[0])
            ? Values.text(bound[0])
            : " ".repeat(Math.max(0, Args.integer(bound[0], 4)));
    boolean blank = Args.truth(bound[2], false);
    var lines = Text.lines(soft(value) + "\n", false);
    in.room(soft(value).length() + (long) lines.size() * indent.length());
    var out = new StringBuilder(Args.truth(bound[1], false) ? indent : "");
    for (int i = 0; i < lines.size(); i++) {
      var line = lines.get(i);
      out.append(i == 0 ? "" : "\n");
      out.append(i > 0 && (blank || !line.isEmpty()) ? indent : "").append(line);
    }
    return text(value, out.toString());
  }

  private static Object truncate(Interpreter in, Object value, Args args) {
    var bound = args.bind("truncate", "length?", "killwords?", "end?", "leeway?");
    var text = soft(value);
    int length = Args.integer(bound[0], 255);
    var end = Args.text(bound[2], "...");
    int leeway = Args.isGiven(bound[3]) ? Args.integer(bound[3], 5) : 5;
    if (length < Text.length(end)) {
      throw new TemplateException("expected length >= " + Text.length(end) + ", got " + length);
    }
    if (leeway < 0) {
      throw new TemplateException("expected leeway >= 0, got " + leeway);
    }
    if (Text.length(text) <= length + leeway) {
      return value instanceof Undefined ? "" : value;
    }
    var cut = text.substring(0, Text.offset(text, length - Text.length(end)));
    int space = cut.lastIndexOf(' ');
    boolean whole = Args.truth(bound[1], false) || space < 0;
    return (whole ? cut : cut.substring(0, space)) + end;
  }

  private static Object format(Interpreter in, Object value, Args args) {
    if (!args.positional().isEmpty() && !args.named().isEmpty()) {
      throw new TemplateException("can't handle positional and keyword arguments at the same time");
    }
    Object values =
        args.named().isEmpty()
            ? new Tuple(args.positional())
            : new LinkedHashMap<Object, Object>(args.named());
    return text(value, PercentFormat.format(in, soft(value), values, value instanceof Markup));
  }

  private static Object stripTags(Object value) {
    var bare = soft(value).replaceAll("(?s)<!--.*?-->", "").replaceAll("(?s)<.*?>", "");
    var words = Values.list(Splitting.split(bare, Args.NONE, false));
    return String.join(" ", words.stream().map(Values::text).toList())
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
  }

  private static Object urlEncode(Object value) {
    if (Values.isText(value) || !(value instanceof Map<?, ?> || value instanceof List<?>)) {
      return quote(soft(value), "/");
    }
    var pairs = value instanceof Map<?, ?> dict ? new View(View.Kind.ITEMS, dict) : value;
    return String.join(
        "&",
        Values.list(pairs).stream()
            .map(Values::list)
            .map(pair -> form(Values.str(pair.getFirst())) + "=" + form(Values.str(pair.getLast())))
            .toList());
  }

  private static String form(String text) {
    return quote(text, "").replace("%20", "+");
  }

  private static String quote(String text, String safe) {
    var out = new StringBuilder();
    for (byte b : text.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean stays =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "_.-~".indexOf(c) >= 0
              || safe.indexOf(c) >= 0;
      out.append(
          stays ? String.valueOf(c) : String.format(java.util.Locale.ROOT, "%%%02X", (int) c));
    }
    return out.toString();
  }

  private static Object integer(Interpreter in, Object value, Args args) {
    var bound = args.bind("int", "default?", "base?");
    Object fallback = bound[0] == Args.ABSENT ? (Object) 0L : bound[0];
    int base = Args.integer(bound[1], 10);
    if (value instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (Numbers.isInteger(value)) {
      return Numbers.normal(Numbers.big(value));
    }
    var number = value instanceof Double real ? real : null;
    if (Values.isText(value)) {
      var parsed = Numbers.parseInteger(Values.text(value), base);
      if (parsed != null) {
        return parsed;
      }
      number = Numbers.parseReal(Values.text(value));
    }
    return number == null || number.isNaN() || number.isInfinite()
        ? fallback
        : Numbers.normal(new java.math.BigDecimal(number).toBigInteger());
  }

  private static Object real(Interpreter in, Object value, Args args) {
    var bound = args.bind("float", "default?");
    Object fallback = bound[0] == Args.ABSENT ? (Object) 0.0 : bound[0];
    if (value instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (Numbers.isNumber(value)) {
      return Numbers.real(value);
    }
    var parsed = Values.isText(value) ? Numbers.parseReal(Values.text(value)) : null;
    return parsed == null ? fallback : parsed;
  }

  private static Object round(Interpreter in, Object value, Args args) {
    var bound = args.bind("round", "precision?", "method?");
    int digits = Args.integer(bound[0], 0);
    if (value instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (!Numbers.isNumber(value)) {
      throw new TemplateException("type " + Values.type(value) + " has no rounding");
    }
    return switch (Args.text(bound[1], "common")) {
      case "common" -> Numbers.round(value, digits);
      case "ceil" -> Math.ceil(Numbers.real(value) * Math.pow(10, digits)) / Math.pow(10, digits);
      case "floor" -> Math.floor(Numbers.real(value) * Math.pow(10, digits)) / Math.pow(10, digits);
      default -> throw new TemplateException("method must be common, ceil or floor");
    };
  }

  private static Object absolute(Object value) {
    if (value instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (!Numbers.isNumber(value)) {
      throw new TemplateException("bad operand type for abs(): '" + Values.type(value) + "'");
    }
    return Numbers.absolute(value);
  }

  private static Object attribute(Interpreter in, Object value, Args args) {
    var name = Values.str(args.bind("attr", "name")[0]);
    if (value instanceof Undefined undefined) {
      throw undefined.failure();
    }
    var found = Attributes.own(value, name);
    return found == null ? Undefined.attribute(value, name) : found;
  }
}
