package io.alidade.template;

/// Python's `None`; inside the interpreter no value is a Java null.
enum None {
  NONE;

  @Override
  public String toString() {
    return "None";
  }
}
