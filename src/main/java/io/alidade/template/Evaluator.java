package io.alidade.template;

import io.alidade.template.Expr.Arguments;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Evaluates expressions.
final class Evaluator {
  private final Interpreter interpreter;

  Evaluator(Interpreter interpreter) {
    this.interpreter = interpreter;
  }

  Object evaluate(Expr expression, Scope scope) {
    return switch (expression) {
      case Expr.Literal literal -> literal.value();
      case Expr.Name name -> {
        var value = scope.find(name.name());
        yield value == null ? Undefined.variable(name.name()) : value;
      }
      case Expr.Attribute attribute ->
          Attributes.attribute(evaluate(attribute.target(), scope), attribute.name());
      case Expr.Subscript subscript -> subscript(subscript, scope);
      case Expr.Slice slice -> throw new TemplateException("a slice outside of a subscript");
      case Expr.Call call -> call(call, scope);
      case Expr.Filter filter ->
          filter(filter, evaluate(java.util.Objects.requireNonNull(filter.target()), scope), scope);
      case Expr.Test test -> {
        var value = evaluate(test.target(), scope);
        yield Tests.holds(interpreter, test.name(), value, arguments(test.arguments(), scope));
      }
      case Expr.Not not -> !Values.truth(evaluate(not.operand(), scope));
      case Expr.Sign sign -> Arithmetic.sign(evaluate(sign.operand(), scope), sign.negative());
      case Expr.Binary binary ->
          Arithmetic.apply(
              interpreter,
              binary.operator(),
              evaluate(binary.left(), scope),
              evaluate(binary.right(), scope));
      case Expr.And and -> {
        var left = evaluate(and.left(), scope);
        yield Values.truth(left) ? evaluate(and.right(), scope) : left;
      }
      case Expr.Or or -> {
        var left = evaluate(or.left(), scope);
        yield Values.truth(left) ? left : evaluate(or.right(), scope);
      }
      case Expr.Concat concat -> concat(concat, scope);
      case Expr.Compare compare -> compare(compare, scope);
      case Expr.Conditional conditional -> {
        if (Values.truth(evaluate(conditional.test(), scope))) {
          yield evaluate(conditional.then(), scope);
        }
        yield conditional.otherwise() == null
            ? new Undefined("the inline if-expression evaluated to false and no else was given")
            : evaluate(conditional.otherwise(), scope);
      }
      case Expr.ListOf list -> all(list.items(), scope);
      case Expr.TupleOf tuple -> new Tuple(all(tuple.items(), scope));
      case Expr.DictOf dict -> dict(dict, scope);
    };
  }

  private List<Object> all(List<Expr> expressions, Scope scope) {
    List<Object> values = new ArrayList<>(expressions.size());
    for (var expression : expressions) {
      values.add(evaluate(expression, scope));
    }
    return values;
  }

  private Object dict(Expr.DictOf dict, Scope scope) {
    Map<Object, Object> values = new LinkedHashMap<>();
    for (int i = 0; i < dict.keys().size(); i++) {
      Values.put(
          values, evaluate(dict.keys().get(i), scope), evaluate(dict.values().get(i), scope));
    }
    return values;
  }

  private Object subscript(Expr.Subscript subscript, Scope scope) {
    var target = evaluate(subscript.target(), scope);
    if (subscript.index() instanceof Expr.Slice slice) {
      var start = slice.start() == null ? None.NONE : evaluate(slice.start(), scope);
      var stop = slice.stop() == null ? None.NONE : evaluate(slice.stop(), scope);
      var step = slice.step() == null ? None.NONE : evaluate(slice.step(), scope);
      return Attributes.slice(target, start, stop, step);
    }
    return Attributes.item(target, evaluate(subscript.index(), scope));
  }

  private Object concat(Expr.Concat concat, Scope scope) {
    var text = new StringBuilder();
    for (var part : concat.parts()) {
      text.append(Values.str(evaluate(part, scope)));
      interpreter.room(text.length());
    }
    return text.toString();
  }

  private Object compare(Expr.Compare compare, Scope scope) {
    var left = evaluate(compare.first(), scope);
    for (var step : compare.rest()) {
      var right = evaluate(step.operand(), scope);
      if (!Comparison.holds(step.relation(), left, right)) {
        return false;
      }
      left = right;
    }
    return true;
  }

  Object filter(Expr.Filter filter, Object value, Scope scope) {
    return Filters.apply(interpreter, filter.name(), value, arguments(filter.arguments(), scope));
  }

  private Object call(Expr.Call call, Scope scope) {
    return call(evaluate(call.target(), scope), arguments(call.arguments(), scope));
  }

  /// The call of a call block: with the block's body as `caller`.
  Object call(Expr.Call call, Scope scope, Macro caller) {
    var target = evaluate(call.target(), scope);
    var args = arguments(call.arguments(), scope);
    Map<String, Object> named = new LinkedHashMap<>(args.named());
    named.put("caller", caller);
    return call(target, new Args(args.positional(), named));
  }

  private Object call(Object target, Args args) {
    return switch (target) {
      case Callable callable -> callable.call(interpreter, args);
      case Undefined undefined -> throw undefined.failure();
      default ->
          throw new TemplateException("'" + Values.type(target) + "' object is not callable");
    };
  }

  private Args arguments(Arguments arguments, Scope scope) {
    if (arguments.isEmpty()) {
      return Args.NONE;
    }
    var positional = all(arguments.positional(), scope);
    if (arguments.spread() != null) {
      positional.addAll(Values.list(evaluate(arguments.spread(), scope)));
    }
    if (arguments.named().isEmpty() && arguments.spreadNamed() == null) {
      return new Args(positional, Map.of());
    }
    Map<String, Object> named = new LinkedHashMap<>();
    for (int i = 0; i < arguments.names().size(); i++) {
      named(named, arguments.names().get(i), evaluate(arguments.named().get(i), scope));
    }
    if (arguments.spreadNamed() != null) {
      if (!(evaluate(arguments.spreadNamed(), scope) instanceof Map<?, ?> dict)) {
        throw new TemplateException("argument after ** must be a mapping");
      }
      dict.forEach((key, value) ->
          named(
              named,
              Values.text(java.util.Objects.requireNonNull(key)),
              java.util.Objects.requireNonNull(value)));
    }
    return new Args(positional, named);
  }

  private static void named(Map<String, Object> named, String name, Object value) {
    if (named.put(name, value) != null) {
      throw new TemplateException("got multiple values for keyword argument '" + name + "'");
    }
  }
}
