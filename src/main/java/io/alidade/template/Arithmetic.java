package io.alidade.template;

import io.alidade.template.Expr.Operator;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// The arithmetic operators on all values: numbers, and the concatenation, repetition and
/// formatting of strings and lists.
final class Arithmetic {
  private Arithmetic() {}

  static Object sign(Object value, boolean negative) {
    if (value instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (!Numbers.isNumber(value)) {
      throw new TemplateException("bad operand type for unary -: '" + Values.type(value) + "'");
    }
    return negative
        ? Numbers.negate(value)
        : value instanceof Boolean ? Numbers.normal(Numbers.big(value)) : value;
  }

  static Object apply(Interpreter interpreter, Operator operator, Object left, Object right) {
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return Numbers.apply(operator, left, right);
    }
    if (operator == Operator.MODULO && Values.isText(left)) {
      return like(
          left,
          PercentFormat.format(interpreter, Values.text(left), right, left instanceof Markup));
    }
    if (left instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (right instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (operator == Operator.ADD) {
      return add(interpreter, left, right);
    }
    if (operator == Operator.MULTIPLY && Numbers.isInteger(right)) {
      return repeat(interpreter, left, right, false);
    }
    if (operator == Operator.MULTIPLY && Numbers.isInteger(left)) {
      return repeat(interpreter, right, left, true);
    }
    throw mismatch(operator, left, right);
  }

  private static TemplateException mismatch(Operator operator, Object left, Object right) {
    return new TemplateException(
        "unsupported operand type(s) for "
            + operator.symbol
            + ": '"
            + Values.type(left)
            + "' and '"
            + Values.type(right)
            + "'");
  }

  private static Object add(Interpreter interpreter, Object left, Object right) {
    if (left instanceof String a && right instanceof String b) {
      interpreter.room((long) a.length() + b.length());
      return a.concat(b);
    }
    if (Values.isText(left) && Values.isText(right)) {
      return new Markup(Markup.escape(left) + Markup.escape(right));
    }
    if (left instanceof Tuple a && right instanceof Tuple b) {
      return new Tuple(joined(interpreter, a.items(), b.items()));
    }
    if (left instanceof List<?> a
        && right instanceof List<?> b
        && !(left instanceof Range)
        && !(right instanceof Range)) {
      return joined(interpreter, a, b);
    }
    if (Values.isText(left) || (left instanceof List<?> && !(left instanceof Range))) {
      var kind = Values.isText(left) ? "str" : "list";
      throw new TemplateException(
          "can only concatenate " + kind + " (not \"" + Values.type(right) + "\") to " + kind);
    }
    throw mismatch(Operator.ADD, left, right);
  }

  private static List<Object> joined(Interpreter interpreter, List<?> a, List<?> b) {
    interpreter.room((long) a.size() + b.size());
    List<Object> items = new ArrayList<>(a.size() + b.size());
    items.addAll(a);
    items.addAll(b);
    return items;
  }

  private static Object repeat(
      Interpreter interpreter, Object value, Object times, boolean swapped) {
    long count = Math.max(0, Numbers.index(times));
    if (Values.isText(value)) {
      var text = Values.text(value);
      interpreter.room(Math.multiplyExact(text.length(), count));
      return like(value, text.repeat((int) count));
    }
    var items =
        value instanceof Tuple tuple
            ? tuple.items()
            : value instanceof List<?> list && !(value instanceof Range) ? list : null;
    if (items == null) {
      throw mismatch(Operator.MULTIPLY, swapped ? times : value, swapped ? value : times);
    }
    interpreter.room(Math.multiplyExact(items.size(), count));
    List<Object> repeated = new ArrayList<>();
    Collections.nCopies((int) count, items).forEach(repeated::addAll);
    return value instanceof Tuple ? new Tuple(repeated) : repeated;
  }

  /// A result as safe as the string it came from.
  static Object like(Object origin, String text) {
    return origin instanceof Markup ? new Markup(text) : text;
  }
}
