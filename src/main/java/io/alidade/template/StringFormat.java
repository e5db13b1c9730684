package io.alidade.template;

import java.util.regex.Pattern;

/// `"{} of {name}".format(a, name=b)`.
final class StringFormat {
  private static final Pattern STEP = Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)\\]");

  private final Interpreter interpreter;
  private final Args args;
  private int used;

  private StringFormat(Interpreter interpreter, Args args) {
    this.interpreter = interpreter;
    this.args = args;
  }

  static String format(Interpreter interpreter, String pattern, Args args) {
    return new StringFormat(interpreter, args).format(pattern, 0);
  }

  private String format(String pattern, int depth) {
    if (depth > 2) {
      throw new TemplateException("Max string recursion exceeded");
    }
    var out = new StringBuilder();
    for (int at = 0; at < pattern.length(); at++) {
      char c = pattern.charAt(at);
      if (c != '{' && c != '}') {
        out.append(c);
      } else if (at + 1 < pattern.length() && pattern.charAt(at + 1) == c) {
        out.append(c);
        at++;
      } else if (c == '}') {
        throw new TemplateException("Single '}' encountered in format string");
      } else {
        int end = close(pattern, at);
        out.append(field(pattern.substring(at + 1, end), depth));
        at = end;
      }
      interpreter.room(out.length());
    }
    return out.toString();
  }

  private static int close(String pattern, int open) {
    int level = 0;
    for (int at = open; at < pattern.length(); at++) {
      level += pattern.charAt(at) == '{' ? 1 : pattern.charAt(at) == '}' ? -1 : 0;
      if (level == 0) {
        return at;
      }
    }
    throw new TemplateException("expected '}' before end of string");
  }

  private String field(String field, int depth) {
    int colon = field.indexOf(':');
    var head = colon < 0 ? field : field.substring(0, colon);
    var spec = colon < 0 ? "" : field.substring(colon + 1);
    char conversion = 0;
    if (head.length() >= 2 && head.charAt(head.length() - 2) == '!') {
      conversion = head.charAt(head.length() - 1);
      head = head.substring(0, head.length() - 2);
    }
    var value = value(head);
    value =
        switch (conversion) {
          case 0 -> value;
          case 's' -> Values.str(value);
          case 'r', 'a' -> Values.repr(value);
          default ->
              throw new TemplateException("Unknown conversion specifier '" + conversion + "'");
        };
    return FormatSpec.parse(spec.indexOf('{') < 0 ? spec : format(spec, depth + 1))
        .apply(interpreter, value);
  }

  private Object value(String path) {
    int end = 0;
    while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
      end++;
    }
    var name = path.substring(0, end);
    Object value;
    if (name.isEmpty() || name.chars().allMatch(Character::isDigit)) {
      int index = name.isEmpty() ? used++ : Integer.parseInt(name);
      if (index >= args.positional().size()) {
        throw new TemplateException(
            "Replacement index " + index + " out of range for positional args tuple");
      }
      value = args.positional().get(index);
    } else {
      value = args.named().get(name);
      if (value == null) {
        throw new TemplateException("format has no argument '" + name + "'");
      }
    }
    var steps = STEP.matcher(path).region(end, path.length());
    while (steps.lookingAt()) {
      var item = steps.group(2);
      value =
          item == null
              ? Attributes.attribute(value, steps.group(1))
              : Attributes.item(
                  value, item.matches("\\d{1,9}") ? (Object) Long.valueOf(item) : item);
      steps.region(steps.end(), path.length());
    }
    return value;
  }
}
