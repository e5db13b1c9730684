package io.alidade.template;

import io.alidade.template.Expr.Comparison;
import io.alidade.template.Expr.Operator;
import io.alidade.template.Expr.Relation;
import io.alidade.template.Token.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Parses expressions, weakest binding first: inline if, or, and, not, comparisons, `+ -`, `~`, `*
/// / // %`, `**` (which groups to the left), signs; then what [OperandParser] parses.
final class ExpressionParser {
  private final TokenStream stream;
  private final OperandParser operands;

  ExpressionParser(TokenStream stream) {
    this.stream = stream;
    operands = new OperandParser(stream, this);
  }

  /// Parses what stands between operators.
  OperandParser operands() {
    return operands;
  }

  Expr expression() {
    stream.enter();
    var result = or();
    while (stream.skipName("if")) {
      var test = or();
      var otherwise = stream.skipName("else") ? expression() : null;
      result = stream.node(new Expr.Conditional(test, result, otherwise));
    }
    stream.leave();
    return result;
  }

  /// An expression, or a tuple of several without parentheses.
  Expr tuple(boolean withConditional) {
    var first = withConditional ? expression() : or();
    if (!stream.atOperator(",")) {
      return first;
    }
    List<Expr> items = new ArrayList<>(List.of(first));
    while (stream.skipOperator(",")) {
      if (endsTuple()) {
        break;
      }
      items.add(withConditional ? expression() : or());
    }
    return stream.node(new Expr.TupleOf(items));
  }

  private boolean endsTuple() {
    return stream.at(Kind.PRINT_END)
        || stream.at(Kind.BLOCK_END)
        || stream.atOperator(")")
        || stream.atName("recursive");
  }

  /// The condition of a loop, and its items: without an inline if.
  Expr or() {
    var left = and();
    while (stream.skipName("or")) {
      left = stream.node(new Expr.Or(left, and()));
    }
    return left;
  }

  private Expr and() {
    var left = not();
    while (stream.skipName("and")) {
      left = stream.node(new Expr.And(left, not()));
    }
    return left;
  }

  private Expr not() {
    if (stream.skipName("not")) {
      stream.enter();
      var operand = not();
      stream.leave();
      return stream.node(new Expr.Not(operand));
    }
    return compare();
  }

  private Expr compare() {
    var first = sum();
    List<Comparison> rest = new ArrayList<>();
    for (var relation = relation(); relation != null; relation = relation()) {
      rest.add(new Comparison(relation, sum()));
    }
    return rest.isEmpty() ? first : stream.node(new Expr.Compare(first, rest));
  }

  private @Nullable Relation relation() {
    if (stream.atName("not") && stream.following().is(Kind.NAME, "in")) {
      stream.next();
      stream.next();
      return Relation.NOT_IN;
    }
    if (stream.skipName("in")) {
      return Relation.IN;
    }
    return Arrays.stream(Relation.values())
        .filter(relation -> stream.skipOperator(relation.symbol))
        .findFirst()
        .orElse(null);
  }

  private @Nullable Operator operator(Operator... allowed) {
    return Arrays.stream(allowed)
        .filter(operator -> stream.skipOperator(operator.symbol))
        .findFirst()
        .orElse(null);
  }

  private Expr sum() {
    var left = concat();
    for (var op = operator(Operator.ADD, Operator.SUBTRACT);
        op != null;
        op = operator(Operator.ADD, Operator.SUBTRACT)) {
      left = stream.node(new Expr.Binary(op, left, concat()));
    }
    return left;
  }

  private Expr concat() {
    var first = product();
    if (!stream.atOperator("~")) {
      return first;
    }
    List<Expr> parts = new ArrayList<>(List.of(first));
    while (stream.skipOperator("~")) {
      parts.add(product());
    }
    return stream.node(new Expr.Concat(parts));
  }

  private Expr product() {
    var left = power();
    while (true) {
      var op = operator(Operator.MULTIPLY, Operator.DIVIDE, Operator.FLOOR_DIVIDE, Operator.MODULO);
      if (op == null) {
        return left;
      }
      left = stream.node(new Expr.Binary(op, left, power()));
    }
  }

  private Expr power() {
    var left = unary(true);
    while (stream.skipOperator("**")) {
      left = stream.node(new Expr.Binary(Operator.POWER, left, unary(true)));
    }
    return left;
  }

  private Expr unary(boolean withFilters) {
    stream.enter();
    Expr result;
    if (stream.skipOperator("-")) {
      result = stream.node(new Expr.Sign(unary(false), true));
    } else if (stream.skipOperator("+")) {
      result = stream.node(new Expr.Sign(unary(false), false));
    } else {
      result = operands.operand();
    }
    stream.leave();
    return withFilters ? operands.filters(result) : result;
  }
}
