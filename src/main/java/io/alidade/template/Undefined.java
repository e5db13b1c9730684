package io.alidade.template;

/// What a missing variable, attribute or item evaluates to: prints as nothing, is false and empty,
/// and fails on any other use.
record Undefined(String message) {
  static Undefined variable(String name) {
    return new Undefined("'" + name + "' is undefined");
  }

  static Undefined attribute(Object target, Object name) {
    var type = target == None.NONE ? "None" : Values.type(target) + " object";
    return new Undefined(
        Values.isText(name)
            ? "'" + type + "' has no attribute " + Values.repr(name)
            : type + " has no element " + Values.repr(name));
  }

  static Undefined unsafe(Object target, String name) {
    return new Undefined(
        "access to attribute '" + name + "' of '" + Values.type(target) + "' object is unsafe");
  }

  TemplateException failure() {
    return new TemplateException(message);
  }
}
