package io.alidade.template;

import io.alidade.template.Expr.Relation;
import java.util.List;
import java.util.Map;

/// How values compare in Python: equality, order, membership.
final class Comparison {
  private Comparison() {}

  /// `a == b`; numbers of different types may be equal, and NaN is not.
  @SuppressWarnings("ReferenceEquality") // what is identical is equal, except NaN
  static boolean equal(Object a, Object b) {
    if (a == b) {
      return !Numbers.isNan(a);
    }
    return switch (a) {
      case String text -> Values.isText(b) && text.equals(Values.text(b));
      case Markup markup -> Values.isText(b) && markup.text().equals(Values.text(b));
      case Undefined undefined -> b instanceof Undefined;
      case Tuple tuple -> b instanceof Tuple other && equalItems(tuple.items(), other.items());
      case Range range -> b instanceof Range other && range.equals(other);
      case List<?> list ->
          b instanceof List<?> other && !(b instanceof Range) && equalItems(list, other);
      case Map<?, ?> dict -> b instanceof Map<?, ?> other && equalEntries(dict, other);
      case View view -> b instanceof View other && view.equals(other);
      default ->
          Numbers.isNumber(a)
              && Numbers.isNumber(b)
              && !Numbers.isNan(a)
              && !Numbers.isNan(b)
              && Numbers.compare(a, b) == 0;
    };
  }

  private static boolean equalItems(List<?> a, List<?> b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (!equal(a.get(i), b.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean equalEntries(Map<?, ?> a, Map<?, ?> b) {
    return a.size() == b.size()
        && a.entrySet().stream()
            .allMatch(entry -> {
              var other = Values.lookup(b, entry.getKey());
              return other != null && equal(entry.getValue(), other);
            });
  }

  static boolean holds(Relation relation, Object a, Object b) {
    return switch (relation) {
      case EQUAL -> equal(a, b);
      case NOT_EQUAL -> !equal(a, b);
      case IN -> contains(b, a);
      case NOT_IN -> !contains(b, a);
      case LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL -> {
        if (Numbers.isNumber(a) && (Numbers.isNan(a) || Numbers.isNan(b)) && Numbers.isNumber(b)) {
          yield false;
        }
        int order = compare(a, b, relation.symbol);
        yield switch (relation) {
          case LESS -> order < 0;
          case LESS_OR_EQUAL -> order <= 0;
          case GREATER -> order > 0;
          default -> order >= 0;
        };
      }
    };
  }

  /// The order of two values; those of different kinds have none.
  static int compare(Object a, Object b, String symbol) {
    if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
      return Numbers.compare(a, b);
    }
    if (Values.isText(a) && Values.isText(b)) {
      return Text.compare(Values.text(a), Values.text(b));
    }
    if (a instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (b instanceof Undefined undefined) {
      throw undefined.failure();
    }
    var left = a instanceof Tuple tuple ? tuple.items() : a instanceof List<?> list ? list : null;
    var right = b instanceof Tuple tuple ? tuple.items() : b instanceof List<?> list ? list : null;
    if (left == null
        || right == null
        || !Values.type(a).equals(Values.type(b))
        || a instanceof Range) {
      throw new TemplateException(
          "'"
              + symbol
              + "' not supported between instances of '"
              + Values.type(a)
              + "' and '"
              + Values.type(b)
              + "'");
    }
    for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
      if (!equal(left.get(i), right.get(i))) {
        return compare(left.get(i), right.get(i), symbol);
      }
    }
    return Integer.compare(left.size(), right.size());
  }

  static boolean contains(Object container, Object item) {
    if (Values.isText(container)) {
      if (!Values.isText(item)) {
        throw new TemplateException(
            "'in <string>' requires string as left operand, not " + Values.type(item));
      }
      return Values.text(container).contains(Values.text(item));
    }
    if (container instanceof Map<?, ?> dict) {
      return Values.lookup(dict, item) != null;
    }
    for (var items = Values.iterate(container); items.hasNext(); ) {
      if (equal(items.next(), item)) {
        return true;
      }
    }
    return false;
  }
}
