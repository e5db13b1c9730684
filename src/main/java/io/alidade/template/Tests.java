package io.alidade.template;

import io.alidade.template.Expr.Relation;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/// What may follow `is`.
final class Tests {
  /// One test of a value.
  interface Test {
    boolean holds(Object value, Args args);
  }

  private static final Map<String, Test> ALL = new HashMap<>();

  static {
    plain("defined", value -> !(value instanceof Undefined));
    plain("undefined", Undefined.class::isInstance);
    plain("none", value -> value == None.NONE);
    plain("boolean", Boolean.class::isInstance);
    plain("true", Boolean.TRUE::equals);
    plain("false", Boolean.FALSE::equals);
    plain("integer", value -> Numbers.isInteger(value) && !(value instanceof Boolean));
    plain("float", Double.class::isInstance);
    plain("number", Numbers::isNumber);
    plain("string", Values::isText);
    plain("mapping", Map.class::isInstance);
    plain("sequence", Tests::isSequence);
    plain(
        "iterable",
        value -> isSequence(value) || value instanceof View || value instanceof Generator);
    plain("callable", Tests::isCallable);
    plain("escaped", Markup.class::isInstance);
    plain("lower", value -> StringMethods.isCased(Values.str(value), false));
    plain("upper", value -> StringMethods.isCased(Values.str(value), true));
    plain("odd", value -> isMultiple(value, 2L, 1L));
    plain("even", value -> isMultiple(value, 2L, 0L));
    with("divisibleby", "num", (value, number) -> isMultiple(value, number, 0L));
    with("sameas", "other", Tests::isSame);
    with("in", "seq", (value, items) -> Comparison.contains(items, value));
    plain("filter", value -> Filters.has(Values.text(value)));
    plain("test", value -> has(Values.text(value)));
    relation(Relation.EQUAL, "==", "eq", "equalto");
    relation(Relation.NOT_EQUAL, "!=", "ne");
    relation(Relation.LESS, "<", "lt", "lessthan");
    relation(Relation.LESS_OR_EQUAL, "<=", "le");
    relation(Relation.GREATER, ">", "gt", "greaterthan");
    relation(Relation.GREATER_OR_EQUAL, ">=", "ge");
  }

  private Tests() {}

  private static void plain(String name, Predicate<Object> test) {
    ALL.put(
        name,
        (value, args) -> {
          args.bind(name);
          return test.test(value);
        });
  }

  private static void with(
      String name, String parameter, java.util.function.BiPredicate<Object, Object> test) {
    ALL.put(name, (value, args) -> test.test(value, args.bind(name, parameter)[0]));
  }

  private static void relation(Relation relation, String... names) {
    for (var name : names) {
      with(name, "other", (value, other) -> Comparison.holds(relation, value, other));
    }
  }

  static boolean has(String name) {
    return ALL.containsKey(name);
  }

  static boolean holds(Interpreter interpreter, String name, Object value, Args args) {
    interpreter.step();
    var test = ALL.get(name);
    if (test == null) {
      throw new TemplateException("no test named '" + name + "'");
    }
    return Objects.requireNonNull(test).holds(value, args);
  }

  private static boolean isSequence(Object value) {
    return Values.isText(value)
        || value instanceof Collection<?>
        || value instanceof Map<?, ?>
        || value instanceof Tuple
        || value instanceof Undefined;
  }

  private static boolean isCallable(Object value) {
    return value instanceof Callable || value instanceof Undefined;
  }

  private static boolean isMultiple(Object value, Object divisor, Object rest) {
    if (value instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (!Numbers.isNumber(value) || !Numbers.isNumber(divisor)) {
      throw new TemplateException(
          "unsupported operand type(s) for %: '" + Values.type(value) + "' and 'int'");
    }
    return Comparison.equal(Numbers.apply(Expr.Operator.MODULO, value, divisor), rest);
  }

  /// Identity, which for immutable values is taken as equality of type and value.
  @SuppressWarnings("ReferenceEquality") // identity is the point
  private static boolean isSame(Object value, Object other) {
    return value == other
        || (!(value instanceof List<?>)
            && !(value instanceof Map<?, ?>)
            && value.getClass() == other.getClass()
            && value.equals(other));
  }
}
