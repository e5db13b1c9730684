package io.alidade.template;

import java.time.Clock;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One rendering: runs statements, counts against the limits, and remembers the line for messages.
final class Interpreter {
  private enum Flow {
    NORMAL,
    BREAK,
    CONTINUE
  }

  final Limits limits;
  final Clock clock;
  private final Evaluator evaluator = new Evaluator(this);

  /// Captured texts (of macros, set blocks) that hold generation blocks, until they are printed.
  private final IdentityHashMap<String, List<Span>> captures = new IdentityHashMap<>();

  /// Those of them that were not printed yet.
  private final Set<String> unprinted = Collections.newSetFromMap(new IdentityHashMap<>());

  private Output output;
  private long iterations;
  private int depth;
  private int line;
  private int generating; // generation blocks around the current statement

  Interpreter(Limits limits, Clock clock) {
    this.limits = limits;
    this.clock = clock;
    output = new Output(limits);
  }

  Rendering render(List<Stmt> template, Map<String, ?> variables) {
    var root = new Scope(Globals.SCOPE);
    try {
      variables.forEach((name, value) -> root.put(name, Values.imported(value)));
      run(template, root);
    } catch (TemplateException failure) {
      throw failure.at(line);
    } catch (ArithmeticException | IndexOutOfBoundsException overflow) {
      throw new TemplateException("a number is too large: " + overflow.getMessage()).at(line);
    } catch (StackOverflowError tooDeep) {
      throw Limits.exceeded("depth", limits.depth());
    }
    return new Rendering(output.text(), !unprinted.isEmpty() ? List.of() : output.generations);
  }

  Object evaluate(Expr expression, Scope scope) {
    return evaluator.evaluate(expression, scope);
  }

  /// Counts one pass of a loop, or one element that a filter visits.
  void step() {
    if (++iterations > limits.iterations()) {
      throw Limits.exceeded("iterations", limits.iterations());
    }
  }

  /// Checks the length of a text or list before it is made.
  void room(long characters) {
    if (characters > limits.characters()) {
      throw Limits.exceeded("characters", limits.characters());
    }
  }

  /// What statements write, as a value.
  String captured(List<Stmt> body, Scope scope) {
    if (++depth > limits.depth()) {
      throw Limits.exceeded("depth", limits.depth());
    }
    var outer = output;
    output = new Output(limits);
    try {
      run(body, scope);
      var text = output.text();
      if (!output.generations.isEmpty()) {
        captures.put(text, output.generations);
        unprinted.add(text);
      }
      return text;
    } finally {
      output = outer;
      depth--;
    }
  }

  private void print(String text) {
    var generations = captures.isEmpty() ? null : captures.get(text);
    if (generations != null) {
      unprinted.remove(text);
      if (generating == 0) {
        generations.forEach(span -> output.generations.add(span.shifted(output.length())));
      }
    }
    output.write(text);
  }

  private Flow run(List<Stmt> body, Scope scope) {
    for (var statement : body) {
      var flow = run(statement, scope);
      if (flow != Flow.NORMAL) {
        return flow;
      }
    }
    return Flow.NORMAL;
  }

  private Flow run(Stmt statement, Scope scope) {
    line = statement.line();
    switch (statement) {
      case Stmt.Data data -> output.write(data.text());
      case Stmt.Print print -> print(Values.str(evaluate(print.value(), scope)));
      case Stmt.If branch -> {
        return run(
            Values.truth(evaluate(branch.test(), scope)) ? branch.then() : branch.otherwise(),
            scope);
      }
      case Stmt.For loop -> loop(loop, scope, evaluate(loop.items(), scope), 0);
      case Stmt.Set set -> assign(set.target(), evaluate(set.value(), scope), scope);
      case Stmt.SetBlock set -> {
        var text = captured(set.body(), new Scope(scope));
        assign(set.target(), filtered(set.filters(), text, scope), scope);
      }
      case Stmt.Define macro ->
          scope.put(macro.signature().name(), new Macro(macro.signature(), macro.body(), scope));
      case Stmt.CallBlock call ->
          print(
              Values.str(
                  evaluator.call(
                      call.call(), scope, new Macro(call.caller(), call.body(), scope))));
      case Stmt.FilterBlock filter -> {
        var text = captured(filter.body(), new Scope(scope));
        print(Values.str(filtered(filter.filters(), text, scope)));
      }
      case Stmt.With with -> {
        var inner = new Scope(scope);
        for (int i = 0; i < with.targets().size(); i++) {
          assign(with.targets().get(i), evaluate(with.values().get(i), scope), inner);
        }
        return run(with.body(), inner);
      }
      case Stmt.Generation generation -> generation(generation, scope);
      case Stmt.Break stop -> {
        return Flow.BREAK;
      }
      case Stmt.Continue next -> {
        return Flow.CONTINUE;
      }
    }
    return Flow.NORMAL;
  }

  private void generation(Stmt.Generation generation, Scope scope) {
    int start = output.length();
    generating++;
    run(generation.body(), new Scope(scope));
    generating--;
    if (generating == 0) {
      output.generations.add(new Span(start, output.length()));
    }
  }

  private Object filtered(List<Expr.Filter> filters, Object text, Scope scope) {
    var value = text;
    for (var filter : filters) {
      value = evaluator.filter(filter, value, scope);
    }
    return value;
  }

  private void loop(Stmt.For loop, Scope scope, Object items, int level) {
    var source = Values.iterate(items);
    if (loop.filter() != null) {
      source = selected(loop, loop.filter(), source, scope);
    }
    Callable recursion = loop.recursive() ? (in, args) -> recurse(loop, scope, args, level) : null;
    var state = new Loop(source, level, recursion);
    boolean any = false;
    while (state.advance()) {
      step();
      any = true;
      var inner = new Scope(scope);
      inner.put("loop", state);
      assign(loop.target(), state.current(), inner);
      if (run(loop.body(), inner) == Flow.BREAK) {
        break;
      }
    }
    if (!any) {
      run(loop.otherwise(), new Scope(scope));
    }
  }

  private Object recurse(Stmt.For loop, Scope scope, Args args, int level) {
    var items = args.bind("loop", "iterable")[0];
    if (++depth > limits.depth()) {
      throw Limits.exceeded("depth", limits.depth());
    }
    var outer = output;
    output = new Output(limits);
    try {
      loop(loop, scope, items, level + 1);
      return output.text();
    } finally {
      output = outer;
      depth--;
    }
  }

  /// The items that pass the loop's filter, each tried only when the loop gets there.
  private Iterator<Object> selected(
      Stmt.For loop, Expr filter, Iterator<Object> source, Scope scope) {
    return new Iterator<>() {
      private @Nullable Object next;

      @Override
      public boolean hasNext() {
        while (next == null && source.hasNext()) {
          step();
          var item = source.next();
          var inner = new Scope(scope);
          assign(loop.target(), item, inner);
          if (Values.truth(evaluate(filter, inner))) {
            next = item;
          }
        }
        return next != null;
      }

      @Override
      public Object next() {
        if (!hasNext() || next == null) {
          throw new NoSuchElementException();
        }
        var item = next;
        next = null;
        return item;
      }
    };
  }

  private void assign(Stmt.Target target, Object value, Scope scope) {
    switch (target) {
      case Stmt.Target.Variable variable -> scope.put(variable.name(), value);
      case Stmt.Target.Field field -> {
        var holder = scope.find(field.namespace());
        if (holder == null) {
          throw Undefined.variable(field.namespace()).failure();
        }
        if (!(holder instanceof Namespace namespace)) {
          throw new TemplateException("cannot assign attribute on non-namespace object");
        }
        namespace.attributes.put(field.attribute(), value);
      }
      case Stmt.Target.Unpacked unpacked -> {
        var items = Values.iterate(value);
        var targets = unpacked.targets();
        for (int i = 0; i < targets.size(); i++) {
          if (!items.hasNext()) {
            throw new TemplateException(
                "not enough values to unpack (expected " + targets.size() + ", got " + i + ")");
          }
          assign(targets.get(i), items.next(), scope);
        }
        if (items.hasNext()) {
          throw new TemplateException(
              "too many values to unpack (expected " + targets.size() + ")");
        }
      }
    }
  }
}
