package io.alidade.template;

import io.alidade.UserException;
import io.alidade.template.Token.Kind;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// A cursor over tokens, with what both parsers share: errors, and the bounds on template size.
final class TokenStream {
  private final List<Token> tokens;
  private final Limits limits;
  private int position;
  private int nodes;
  private int depth;

  /// Every name read so far in the innermost macro and its inner ones.
  private Set<String> reads = new HashSet<>();

  TokenStream(List<Token> tokens, Limits limits) {
    this.tokens = tokens;
    this.limits = limits;
  }

  Token current() {
    return tokens.get(position);
  }

  Token following() {
    return tokens.get(Math.min(position + 1, tokens.size() - 1));
  }

  Token next() {
    return tokens.get(position == tokens.size() - 1 ? position : position++);
  }

  boolean at(Kind kind) {
    return current().kind() == kind;
  }

  boolean atOperator(String text) {
    return current().is(Kind.OPERATOR, text);
  }

  boolean atName(String text) {
    return current().is(Kind.NAME, text);
  }

  boolean skipOperator(String text) {
    if (atOperator(text)) {
      position++;
      return true;
    }
    return false;
  }

  boolean skipName(String text) {
    if (atName(text)) {
      position++;
      return true;
    }
    return false;
  }

  void expectOperator(String text) {
    if (!skipOperator(text)) {
      throw expected("'" + text + "'");
    }
  }

  void expectName(String text) {
    if (!skipName(text)) {
      throw expected("'" + text + "'");
    }
  }

  Token expect(Kind kind, String what) {
    if (!at(kind)) {
      throw expected(what);
    }
    return next();
  }

  UserException expected(String what) {
    return error(current().line(), "expected " + what + ", found " + current().described());
  }

  UserException error(int line, String message) {
    return new UserException("chat template, line " + line + ": " + message);
  }

  /// Counts one more node against the limit.
  <T> T node(T node) {
    if (++nodes > limits.nodes()) {
      throw Limits.exceeded("nodes", limits.nodes());
    }
    return node;
  }

  void enter() {
    if (++depth > limits.depth()) {
      throw Limits.exceeded("depth", limits.depth());
    }
  }

  void leave() {
    depth--;
  }

  void read(String name) {
    reads.add(name);
  }

  /// Starts to note the names that a macro reads; the outer set comes back from [#endReads].
  Set<String> beginReads() {
    var outer = reads;
    reads = new HashSet<>();
    return outer;
  }

  Set<String> endReads(Set<String> outer) {
    var inner = reads;
    outer.addAll(inner);
    reads = outer;
    return inner;
  }
}
