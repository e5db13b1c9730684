package io.alidade.template;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// The methods of Python's strings. Positions and lengths are in code points.
final class StringMethods {
  private StringMethods() {}

  static @Nullable Object method(String text, String name) {
    var body = body(text, name);
    return body == null ? null : new Callable.Named(name, body);
  }

  /// Of a safe string: what comes back is safe, what goes in gets escaped.
  static @Nullable Object method(Markup markup, String name) {
    var body = body(markup.text(), name);
    if (body == null) {
      return null;
    }
    boolean combines =
        List.of("join", "replace", "format", "center", "ljust", "rjust").contains(name);
    return new Callable.Named(
        name, (in, args) -> safe(body.call(in, combines ? escaped(args) : args)));
  }

  private static Object safe(Object result) {
    return switch (result) {
      case String text -> new Markup(text);
      case Tuple tuple -> new Tuple(tuple.items().stream().map(StringMethods::safe).toList());
      case List<?> list -> list.stream().map(StringMethods::safe).toList();
      default -> result;
    };
  }

  private static Args escaped(Args args) {
    var named = new java.util.LinkedHashMap<>(args.named());
    named.replaceAll((name, value) -> escaped(value));
    return new Args(args.positional().stream().map(StringMethods::escaped).toList(), named);
  }

  private static Object escaped(Object value) {
    return switch (value) {
      case String text -> Markup.escape(text);
      case List<?> list -> list.stream().map(StringMethods::escaped).toList();
      default -> value;
    };
  }

  private static @Nullable Callable body(String text, String name) {
    return switch (name) {
      case "strip" -> (in, args) -> strip(text, args.bind(name, "chars?")[0], true, true);
      case "lstrip" -> (in, args) -> strip(text, args.bind(name, "chars?")[0], true, false);
      case "rstrip" -> (in, args) -> strip(text, args.bind(name, "chars?")[0], false, true);
      case "split" -> (in, args) -> Splitting.split(text, args, false);
      case "rsplit" -> (in, args) -> Splitting.split(text, args, true);
      case "splitlines" ->
          (in, args) ->
              new ArrayList<Object>(
                  Text.lines(text, Args.truth(args.bind(name, "keepends?")[0], false)));
      case "partition" -> (in, args) -> Splitting.partition(text, args, false);
      case "rpartition" -> (in, args) -> Splitting.partition(text, args, true);
      case "replace" -> (in, args) -> replace(in, text, args);
      case "startswith" -> (in, args) -> Searching.affix(text, args, true);
      case "endswith" -> (in, args) -> Searching.affix(text, args, false);
      case "removeprefix" ->
          (in, args) -> {
            var prefix = Values.text(args.bind(name, "prefix")[0]);
            return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
          };
      case "removesuffix" ->
          (in, args) -> {
            var suffix = Values.text(args.bind(name, "suffix")[0]);
            return text.endsWith(suffix)
                ? text.substring(0, text.length() - suffix.length())
                : text;
          };
      case "join" -> (in, args) -> join(in, text, args.bind(name, "iterable")[0]);
      case "find" -> (in, args) -> Searching.find(text, args, false, false);
      case "rfind" -> (in, args) -> Searching.find(text, args, true, false);
      case "index" -> (in, args) -> Searching.find(text, args, false, true);
      case "rindex" -> (in, args) -> Searching.find(text, args, true, true);
      case "count" -> (in, args) -> Searching.count(text, args);
      case "upper" -> plain(name, Text.upper(text));
      case "lower", "casefold" -> plain(name, Text.lower(text));
      case "title" -> plain(name, Text.title(text));
      case "capitalize" -> plain(name, Text.capitalize(text));
      case "swapcase" -> plain(name, swapCase(text));
      case "center", "ljust", "rjust" -> (in, args) -> pad(in, text, name, args);
      case "zfill" -> (in, args) -> zeroFill(in, text, args.bind(name, "width")[0]);
      case "expandtabs" ->
          (in, args) -> expandTabs(text, Args.integer(args.bind(name, "tabsize?")[0], 8));
      case "format" -> (in, args) -> StringFormat.format(in, text, args);
      case "isspace" -> all(name, text, Text::isBlank);
      case "isalpha" -> all(name, text, Character::isLetter);
      case "isdigit", "isdecimal" -> all(name, text, Character::isDigit);
      case "isnumeric" -> all(name, text, StringMethods::isNumeric);
      case "isalnum" -> all(name, text, Character::isLetterOrDigit);
      case "isascii" -> plain(name, text.chars().allMatch(c -> c < 128));
      case "isupper" -> plain(name, isCased(text, true));
      case "islower" -> plain(name, isCased(text, false));
      case "istitle" -> plain(name, isCased(text, null) && text.equals(Text.title(text)));
      case "isprintable" -> plain(name, text.codePoints().allMatch(Repr::isPrintable));
      case "isidentifier" ->
          plain(
              name,
              !text.isEmpty()
                  && (text.charAt(0) == '_'
                      || Character.isUnicodeIdentifierStart(text.codePointAt(0)))
                  && text.codePoints().allMatch(Character::isUnicodeIdentifierPart));
      case "encode", "maketrans", "translate", "format_map" ->
          (in, args) -> {
            throw new TemplateException("the method '" + name + "' of strings is not supported");
          };
      default -> null;
    };
  }

  private static Callable plain(String name, Object result) {
    return (in, args) -> {
      args.bind(name);
      return result;
    };
  }

  private static Callable all(String name, String text, IntPredicate test) {
    return plain(name, !text.isEmpty() && text.codePoints().allMatch(test));
  }

  private static boolean isNumeric(int c) {
    int type = Character.getType(c);
    return type == Character.DECIMAL_DIGIT_NUMBER
        || type == Character.LETTER_NUMBER
        || type == Character.OTHER_NUMBER;
  }

  /// Whether some letters have case and all that have it are upper, lower, or (null) either.
  static boolean isCased(String text, @Nullable Boolean upper) {
    boolean any = false;
    for (int c : text.codePoints().toArray()) {
      boolean isUpper = Character.isUpperCase(c) || Character.isTitleCase(c);
      boolean isLower = Character.isLowerCase(c);
      if (upper != null && (upper ? isLower : isUpper)) {
        return false;
      }
      any |= isUpper || isLower;
    }
    return any;
  }

  static String strip(String text, Object chars, boolean left, boolean right) {
    var stripped = text;
    if (!Args.isGiven(chars)) {
      stripped = left ? Text.stripLeft(stripped) : stripped;
      return right ? Text.stripRight(stripped) : stripped;
    }
    var set = Values.text(chars);
    stripped = left ? Text.stripLeft(stripped, set) : stripped;
    return right ? Text.stripRight(stripped, set) : stripped;
  }

  private static String swapCase(String text) {
    var out = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          var one = Character.toString(c);
          out.append(Character.isUpperCase(c) ? Text.lower(one) : Text.upper(one));
        });
    return out.toString();
  }

  private static Object replace(Interpreter in, String text, Args args) {
    var bound = args.bind("replace", "old", "new", "count?");
    return replace(
        in, text, Values.text(bound[0]), Values.text(bound[1]), Args.integer(bound[2], -1));
  }

  static String replace(Interpreter in, String text, String from, String to, int count) {
    if (from.isEmpty()) {
      in.room((long) (text.length() + 1) * (to.length() + 1));
    } else {
      in.room(text.length() + (long) (text.length() / from.length()) * to.length());
    }
    var out = new StringBuilder();
    int at = 0;
    for (int done = 0; count < 0 || done < count; done++) {
      int hit =
          from.isEmpty()
              ? (done == 0 ? 0 : at < text.length() ? text.offsetByCodePoints(at, 1) : -1)
              : text.indexOf(from, at);
      if (hit < 0) {
        break;
      }
      out.append(text, at, hit).append(to);
      at = hit + from.length();
    }
    return out.append(text, at, text.length()).toString();
  }

  static String join(Interpreter in, String glue, Object items) {
    var out = new StringBuilder();
    int index = 0;
    for (var each = Values.iterate(items); each.hasNext(); index++) {
      in.step();
      var item = each.next();
      if (!Values.isText(item)) {
        throw new TemplateException(
            "sequence item " + index + ": expected str instance, " + Values.type(item) + " found");
      }
      out.append(index == 0 ? "" : glue).append(Values.text(item));
      in.room(out.length());
    }
    return out.toString();
  }

  private static Object pad(Interpreter in, String text, String name, Args args) {
    var bound = args.bind(name, "width", "fillchar?");
    return pad(in, text, name, Numbers.index(bound[0]), Args.text(bound[1], " "));
  }

  static String pad(Interpreter in, String text, String name, long width, String fill) {
    if (Text.length(fill) != 1) {
      throw new TemplateException("The fill character must be exactly one character long");
    }
    long missing = Math.max(0, width - Text.length(text));
    in.room(width);
    long left =
        switch (name) {
          case "rjust" -> missing;
          case "center" -> missing / 2 + (missing & width & 1);
          default -> 0;
        };
    return fill.repeat((int) left) + text + fill.repeat((int) (missing - left));
  }

  private static String zeroFill(Interpreter in, String text, Object width) {
    in.room(Numbers.index(width));
    int sign = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
    long missing = Math.max(0, Numbers.index(width) - Text.length(text));
    return text.substring(0, sign) + "0".repeat((int) missing) + text.substring(sign);
  }

  private static String expandTabs(String text, int size) {
    var out = new StringBuilder();
    int column = 0;
    for (int c : text.codePoints().toArray()) {
      if (c == '\t') {
        int blanks = size <= 0 ? 0 : size - column % size;
        out.repeat(' ', blanks);
        column += blanks;
      } else {
        out.appendCodePoint(c);
        column = c == '\n' || c == '\r' ? 0 : column + 1;
      }
    }
    return out.toString();
  }
}
