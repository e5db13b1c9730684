package io.alidade.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A statement of the template language, with the line it starts on.
sealed interface Stmt {
  int line();

  /// Text outside of all tags.
  record Data(int line, String text) implements Stmt {}

  record Print(int line, Expr value) implements Stmt {}

  record If(int line, Expr test, List<Stmt> then, List<Stmt> otherwise) implements Stmt {}

  record For(
      int line,
      Target target,
      Expr items,
      @Nullable Expr filter,
      List<Stmt> body,
      List<Stmt> otherwise,
      boolean recursive)
      implements Stmt {}

  record Set(int line, Target target, Expr value) implements Stmt {}

  record SetBlock(int line, Target target, List<Expr.Filter> filters, List<Stmt> body)
      implements Stmt {}

  record Define(int line, Signature signature, List<Stmt> body) implements Stmt {}

  /// `{% call %}`: calls a macro with the body as its `caller`.
  record CallBlock(int line, Expr.Call call, Signature caller, List<Stmt> body) implements Stmt {}

  record FilterBlock(int line, List<Expr.Filter> filters, List<Stmt> body) implements Stmt {}

  record With(int line, List<Target> targets, List<Expr> values, List<Stmt> body) implements Stmt {}

  /// Text that the model is to produce.
  record Generation(int line, List<Stmt> body) implements Stmt {}

  record Break(int line) implements Stmt {}

  record Continue(int line) implements Stmt {}

  /// What a macro takes.
  ///
  /// @param defaults of the last parameters
  /// @param reads which of the names `varargs`, `kwargs` and `caller` its body reads
  record Signature(
      String name, List<String> parameters, List<Expr> defaults, java.util.Set<String> reads) {}

  /// What an assignment binds.
  sealed interface Target {
    record Variable(String name) implements Target {}

    /// `namespace.attribute`
    record Field(String namespace, String attribute) implements Target {}

    record Unpacked(List<Target> targets) implements Target {}
  }
}
