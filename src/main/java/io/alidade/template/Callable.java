package io.alidade.template;

/// A value that can be called.
interface Callable {
  Object call(Interpreter interpreter, Args args);

  /// A callable with a name, for messages.
  record Named(String name, Callable body) implements Callable {
    @Override
    public Object call(Interpreter interpreter, Args args) {
      return body.call(interpreter, args);
    }
  }
}
