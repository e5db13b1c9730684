package io.alidade.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// An expression of the template language.
sealed interface Expr {
  /// A constant, already a value of the interpreter.
  record Literal(Object value) implements Expr {}

  record Name(String name) implements Expr {}

  record ListOf(List<Expr> items) implements Expr {}

  record TupleOf(List<Expr> items) implements Expr {}

  record DictOf(List<Expr> keys, List<Expr> values) implements Expr {}

  /// `target.name`: attributes first, then items.
  record Attribute(Expr target, String name) implements Expr {}

  /// `target[index]`: items first, then attributes.
  record Subscript(Expr target, Expr index) implements Expr {}

  record Slice(@Nullable Expr start, @Nullable Expr stop, @Nullable Expr step) implements Expr {}

  record Call(Expr target, Arguments arguments) implements Expr {}

  /// A filter; its target is null where it filters the text of a block.
  record Filter(@Nullable Expr target, String name, Arguments arguments) implements Expr {}

  record Test(Expr target, String name, Arguments arguments) implements Expr {}

  record Not(Expr operand) implements Expr {}

  record Sign(Expr operand, boolean negative) implements Expr {}

  record Binary(Operator operator, Expr left, Expr right) implements Expr {}

  record And(Expr left, Expr right) implements Expr {}

  record Or(Expr left, Expr right) implements Expr {}

  record Concat(List<Expr> parts) implements Expr {}

  /// `a < b < c`: every neighbouring pair must hold.
  record Compare(Expr first, List<Comparison> rest) implements Expr {}

  record Conditional(Expr test, Expr then, @Nullable Expr otherwise) implements Expr {}

  /// One step of a comparison chain.
  record Comparison(Relation relation, Expr operand) {}

  /// The arguments of a call; `spread` is `*args`, `spreadNamed` is `**kwargs`.
  record Arguments(
      List<Expr> positional,
      List<String> names,
      List<Expr> named,
      @Nullable Expr spread,
      @Nullable Expr spreadNamed) {
    static final Arguments NONE = new Arguments(List.of(), List.of(), List.of(), null, null);

    boolean isEmpty() {
      return positional.isEmpty() && named.isEmpty() && spread == null && spreadNamed == null;
    }

    static Arguments of(Expr only) {
      return new Arguments(List.of(only), List.of(), List.of(), null, null);
    }
  }

  /// The arithmetic operators, spelt as in templates.
  enum Operator {
    ADD("+"),
    SUBTRACT("-"),
    MULTIPLY("*"),
    DIVIDE("/"),
    FLOOR_DIVIDE("//"),
    MODULO("%"),
    POWER("**");

    final String symbol;

    Operator(String symbol) {
      this.symbol = symbol;
    }
  }

  /// The comparisons, spelt as in templates.
  enum Relation {
    EQUAL("=="),
    NOT_EQUAL("!="),
    LESS("<"),
    LESS_OR_EQUAL("<="),
    GREATER(">"),
    GREATER_OR_EQUAL(">="),
    IN("in"),
    NOT_IN("not in");

    final String symbol;

    Relation(String symbol) {
      this.symbol = symbol;
    }
  }
}
