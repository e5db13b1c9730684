package io.alidade.template;

import io.alidade.template.Expr.Arguments;
import io.alidade.template.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Parses operands: literals, names, lists, dicts and parentheses, with their postfixes
/// (attributes, subscripts, calls), filters and tests.
final class OperandParser {
  private final TokenStream stream;
  private final ExpressionParser expressions;

  /// @param expressions parses what stands inside brackets
  OperandParser(TokenStream stream, ExpressionParser expressions) {
    this.stream = stream;
    this.expressions = expressions;
  }

  /// An operand with its postfixes.
  Expr operand() {
    return postfix(primary());
  }

  private Expr primary() {
    var token = stream.current();
    switch (token.kind()) {
      case NAME -> {
        stream.next();
        return stream.node(
            switch (token.text()) {
              case "true", "True" -> new Expr.Literal(true);
              case "false", "False" -> new Expr.Literal(false);
              case "none", "None" -> new Expr.Literal(None.NONE);
              default -> name(token.text());
            });
      }
      case STRING -> {
        var text = new StringBuilder();
        while (stream.at(Kind.STRING)) {
          text.append(stream.next().text());
        }
        return stream.node(new Expr.Literal(text.toString()));
      }
      case INTEGER -> {
        stream.next();
        return stream.node(new Expr.Literal(integer(token.text())));
      }
      case FLOAT -> {
        stream.next();
        return stream.node(new Expr.Literal(Double.valueOf(token.text())));
      }
      case OPERATOR -> {
        if (stream.skipOperator("(")) {
          return parenthesized();
        }
        if (stream.skipOperator("[")) {
          return stream.node(new Expr.ListOf(items("]")));
        }
        if (stream.skipOperator("{")) {
          return dict();
        }
      }
      default -> {}
    }
    throw stream.expected("an expression");
  }

  private Expr name(String name) {
    stream.read(name);
    return new Expr.Name(name);
  }

  private static Object integer(String digits) {
    int radix =
        digits.length() < 2
            ? 10
            : switch (digits.charAt(1)) {
              case 'b', 'B' -> 2;
              case 'o', 'O' -> 8;
              case 'x', 'X' -> 16;
              default -> 10;
            };
    return Numbers.normal(new BigInteger(radix == 10 ? digits : digits.substring(2), radix));
  }

  private Expr parenthesized() {
    if (stream.skipOperator(")")) {
      return stream.node(new Expr.TupleOf(List.of()));
    }
    var inner = expressions.tuple(true);
    stream.expectOperator(")");
    return inner;
  }

  private List<Expr> items(String close) {
    List<Expr> items = new ArrayList<>();
    while (!stream.skipOperator(close)) {
      if (!items.isEmpty()) {
        stream.expectOperator(",");
        if (stream.skipOperator(close)) {
          break;
        }
      }
      items.add(expressions.expression());
    }
    return items;
  }

  private Expr dict() {
    List<Expr> keys = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!stream.skipOperator("}")) {
      if (!keys.isEmpty()) {
        stream.expectOperator(",");
        if (stream.skipOperator("}")) {
          break;
        }
      }
      keys.add(expressions.expression());
      stream.expectOperator(":");
      values.add(expressions.expression());
    }
    return stream.node(new Expr.DictOf(keys, values));
  }

  private Expr postfix(Expr target) {
    while (true) {
      if (stream.skipOperator(".")) {
        target = stream.node(member(target));
      } else if (stream.skipOperator("[")) {
        target = stream.node(new Expr.Subscript(target, subscript()));
      } else if (stream.skipOperator("(")) {
        target = stream.node(new Expr.Call(target, arguments()));
      } else {
        return target;
      }
    }
  }

  private Expr member(Expr target) {
    if (stream.at(Kind.INTEGER)) {
      return new Expr.Subscript(target, new Expr.Literal(integer(stream.next().text())));
    }
    return new Expr.Attribute(target, stream.expect(Kind.NAME, "a name after '.'").text());
  }

  private Expr subscript() {
    List<Expr> indices = new ArrayList<>();
    boolean single = true;
    while (true) {
      indices.add(slice());
      if (!stream.skipOperator(",")) {
        break;
      }
      single = false;
    }
    stream.expectOperator("]");
    return single ? indices.getFirst() : stream.node(new Expr.TupleOf(indices));
  }

  private Expr slice() {
    var start = stream.atOperator(":") ? null : expressions.expression();
    if (start != null && !stream.atOperator(":")) {
      return start;
    }
    stream.expectOperator(":");
    var stop = endsSlice() ? null : expressions.expression();
    var step = stream.skipOperator(":") && !endsSlice() ? expressions.expression() : null;
    return stream.node(new Expr.Slice(start, stop, step));
  }

  private boolean endsSlice() {
    return stream.atOperator(":") || stream.atOperator("]") || stream.atOperator(",");
  }

  /// Filters, tests and calls that follow a complete operand.
  Expr filters(Expr target) {
    while (true) {
      if (stream.skipOperator("|")) {
        target = filter(target);
      } else if (stream.skipName("is")) {
        target = test(target);
      } else if (stream.skipOperator("(")) {
        target = stream.node(new Expr.Call(target, arguments()));
      } else {
        return target;
      }
    }
  }

  /// One filter, after its `|` or at the head of a filter block.
  Expr.Filter filter(@Nullable Expr target) {
    var token = stream.current();
    var name = dottedName("the name of a filter");
    if (!Filters.has(name)) {
      throw stream.error(token.line(), "no filter named '" + name + "'");
    }
    var arguments = stream.skipOperator("(") ? arguments() : Arguments.NONE;
    return stream.node(new Expr.Filter(target, name, arguments));
  }

  private Expr test(Expr target) {
    boolean negated = stream.skipName("not");
    var token = stream.current();
    var name = dottedName("the name of a test");
    if (!Tests.has(name)) {
      throw stream.error(token.line(), "no test named '" + name + "'");
    }
    var arguments = Arguments.NONE;
    if (stream.skipOperator("(")) {
      arguments = arguments();
    } else if (startsTestArgument()) {
      if (stream.atName("is")) {
        throw stream.error(token.line(), "expected no second 'is': tests cannot be chained");
      }
      arguments = Arguments.of(operand());
    }
    Expr test = stream.node(new Expr.Test(target, name, arguments));
    return negated ? stream.node(new Expr.Not(test)) : test;
  }

  private boolean startsTestArgument() {
    return switch (stream.current().kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case NAME -> !(stream.atName("else") || stream.atName("or") || stream.atName("and"));
      case OPERATOR -> stream.atOperator("(") || stream.atOperator("[") || stream.atOperator("{");
      default -> false;
    };
  }

  private String dottedName(String what) {
    var name = new StringBuilder(stream.expect(Kind.NAME, what).text());
    while (stream.skipOperator(".")) {
      name.append('.').append(stream.expect(Kind.NAME, what).text());
    }
    return name.toString();
  }

  /// The arguments of a call, after its opening parenthesis.
  Arguments arguments() {
    List<Expr> positional = new ArrayList<>();
    List<String> names = new ArrayList<>();
    List<Expr> named = new ArrayList<>();
    Expr spread = null;
    Expr spreadNamed = null;
    boolean first = true;
    while (!stream.skipOperator(")")) {
      if (!first) {
        stream.expectOperator(",");
        if (stream.skipOperator(")")) {
          break;
        }
      }
      first = false;
      if (spreadNamed == null && stream.skipOperator("**")) {
        spreadNamed = expressions.expression();
      } else if (spread == null && spreadNamed == null && stream.skipOperator("*")) {
        spread = expressions.expression();
      } else if (spreadNamed == null
          && stream.at(Kind.NAME)
          && stream.following().is(Kind.OPERATOR, "=")) {
        names.add(stream.next().text());
        stream.next();
        named.add(expressions.expression());
      } else if (named.isEmpty() && spread == null && spreadNamed == null) {
        positional.add(expressions.expression());
      } else {
        throw stream.expected("no positional argument after named ones");
      }
    }
    return new Arguments(positional, names, named, spread, spreadNamed);
  }
}
