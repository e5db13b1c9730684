package io.alidade.template;

import io.alidade.template.Stmt.Signature;
import io.alidade.template.Stmt.Target;
import io.alidade.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Parses a template into statements.
final class Parser {
  private static final Set<String> RESERVED =
      Set.of("true", "false", "none", "True", "False", "None");

  private final TokenStream stream;
  private final ExpressionParser expressions;
  private int loops; // around the current statement, within its function
  private boolean generates;

  Parser(String source, Limits limits) {
    stream = new TokenStream(new Lexer(source).tokens(), limits);
    expressions = new ExpressionParser(stream);
  }

  List<Stmt> template() {
    var body = body();
    if (!stream.at(Kind.END)) {
      throw stream.error(
          stream.current().line(), "expected no " + stream.current().described() + " tag here");
    }
    return body;
  }

  /// Whether the template marks what the model is to produce.
  boolean generates() {
    return generates;
  }

  /// Statements up to the end, or up to the name of a tag that ends or divides an outer one.
  private List<Stmt> body(String... ends) {
    stream.enter();
    List<Stmt> body = new ArrayList<>();
    while (!stream.at(Kind.END)) {
      var token = stream.next();
      switch (token.kind()) {
        case DATA -> body.add(stream.node(new Stmt.Data(token.line(), token.text())));
        case PRINT_BEGIN -> {
          body.add(stream.node(new Stmt.Print(token.line(), expressions.tuple(true))));
          stream.expect(Kind.PRINT_END, "'}}'");
        }
        default -> {
          if (List.of(ends).contains(stream.current().text()) && stream.at(Kind.NAME)) {
            stream.leave();
            return body;
          }
          body.add(stream.node(statement(token.line())));
          stream.expect(Kind.BLOCK_END, "'%}'");
        }
      }
    }
    if (ends.length > 0) {
      throw stream.expected("'{% " + ends[ends.length - 1] + " %}'");
    }
    stream.leave();
    return body;
  }

  /// Ends a tag, parses what it holds, and stops after the name of the closing tag.
  private List<Stmt> block(String end) {
    stream.expect(Kind.BLOCK_END, "'%}'");
    var body = body(end);
    stream.expectName(end);
    return body;
  }

  /// What becomes a function: loops around it are out of reach for `break`.
  private List<Stmt> function(String end) {
    int outer = loops;
    loops = 0;
    var body = block(end);
    loops = outer;
    return body;
  }

  private Stmt statement(int line) {
    var tag = stream.expect(Kind.NAME, "the name of a tag").text();
    return switch (tag) {
      case "if" -> branch(line);
      case "for" -> loop(line);
      case "set" -> set(line);
      case "macro" -> macro(line);
      case "call" -> call(line);
      case "filter" -> {
        var filters = filterChain(expressions.operands().filter(null));
        yield new Stmt.FilterBlock(line, filters, block("endfilter"));
      }
      case "with" -> with(line);
      case "print" -> new Stmt.Print(line, expressions.tuple(true));
      case "generation" -> {
        generates = true;
        yield new Stmt.Generation(line, function("endgeneration"));
      }
      case "break", "continue" -> {
        if (loops == 0) {
          throw stream.error(line, "expected '" + tag + "' only inside a loop");
        }
        yield tag.equals("break") ? new Stmt.Break(line) : new Stmt.Continue(line);
      }
      default ->
          throw stream.error(
              line,
              "expected a tag (if, for, set, macro, call, filter, with, generation, break,"
                  + " continue, raw), found '"
                  + tag
                  + "'");
    };
  }

  private Stmt branch(int line) {
    var test = expressions.tuple(false);
    stream.expect(Kind.BLOCK_END, "'%}'");
    var then = body("elif", "else", "endif");
    int next = stream.current().line();
    if (stream.skipName("elif")) {
      stream.enter();
      var otherwise = branch(next);
      stream.leave();
      return stream.node(new Stmt.If(line, test, then, List.of(otherwise)));
    }
    if (stream.skipName("else")) {
      return new Stmt.If(line, test, then, block("endif"));
    }
    stream.expectName("endif");
    return new Stmt.If(line, test, then, List.of());
  }

  private Stmt loop(int line) {
    var target = target(false);
    stream.expectName("in");
    var items = expressions.tuple(false);
    var filter = stream.skipName("if") ? expressions.expression() : null;
    boolean recursive = stream.skipName("recursive");
    stream.expect(Kind.BLOCK_END, "'%}'");
    loops++;
    var body = body("else", "endfor");
    loops--;
    List<Stmt> otherwise = List.of();
    if (stream.skipName("else")) {
      otherwise = block("endfor");
    } else {
      stream.expectName("endfor");
    }
    return new Stmt.For(line, target, items, filter, body, otherwise, recursive);
  }

  private Stmt set(int line) {
    var target = target(true);
    if (stream.skipOperator("=")) {
      return new Stmt.Set(line, target, expressions.tuple(true));
    }
    var filters =
        stream.skipOperator("|")
            ? filterChain(expressions.operands().filter(null))
            : List.<Expr.Filter>of();
    return new Stmt.SetBlock(line, target, filters, block("endset"));
  }

  /// `upper|trim` at the head of a block, in order of application.
  private List<Expr.Filter> filterChain(Expr.Filter first) {
    List<Expr.Filter> chain = new ArrayList<>(List.of(first));
    while (stream.skipOperator("|")) {
      chain.add(expressions.operands().filter(null));
    }
    return chain;
  }

  private Stmt macro(int line) {
    var name = variable();
    var outer = stream.beginReads();
    List<String> parameters = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    stream.expectOperator("(");
    parameters(parameters, defaults);
    var body = function("endmacro");
    return new Stmt.Define(
        line, new Signature(name, parameters, defaults, stream.endReads(outer)), body);
  }

  private Stmt call(int line) {
    boolean takes = stream.skipOperator("(");
    var outer = stream.beginReads();
    List<String> parameters = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    if (takes) {
      parameters(parameters, defaults);
    }
    if (!(expressions.tuple(true) instanceof Expr.Call call)) {
      throw stream.error(line, "expected a call of a macro after 'call'");
    }
    var body = function("endcall");
    var signature = new Signature("caller", parameters, defaults, stream.endReads(outer));
    return new Stmt.CallBlock(line, call, signature, body);
  }

  private void parameters(List<String> parameters, List<Expr> defaults) {
    while (!stream.skipOperator(")")) {
      if (!parameters.isEmpty()) {
        stream.expectOperator(",");
      }
      parameters.add(variable());
      if (stream.skipOperator("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw stream.expected("a default: parameters before it have one");
      }
    }
  }

  private Stmt with(int line) {
    List<Target> targets = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!stream.at(Kind.BLOCK_END)) {
      if (!targets.isEmpty()) {
        stream.expectOperator(",");
      }
      targets.add(single(false));
      stream.expectOperator("=");
      values.add(expressions.expression());
    }
    return new Stmt.With(line, targets, values, block("endwith"));
  }

  /// One name, or several to unpack into.
  private Target target(boolean fields) {
    var first = single(fields);
    if (!stream.atOperator(",")) {
      return first;
    }
    List<Target> targets = new ArrayList<>(List.of(first));
    while (stream.skipOperator(",")) {
      if (stream.atName("in") || stream.atOperator("=") || stream.atOperator(")")) {
        break;
      }
      targets.add(single(fields));
    }
    return new Target.Unpacked(targets);
  }

  private Target single(boolean fields) {
    if (stream.skipOperator("(")) {
      var inner = target(fields);
      stream.expectOperator(")");
      return inner;
    }
    var name = variable();
    if (fields && stream.skipOperator(".")) {
      return new Target.Field(name, stream.expect(Kind.NAME, "a name after '.'").text());
    }
    return new Target.Variable(name);
  }

  private String variable() {
    if (RESERVED.contains(stream.current().text())) {
      throw stream.expected("a name to assign to");
    }
    return stream.expect(Kind.NAME, "a name to assign to").text();
  }
}
