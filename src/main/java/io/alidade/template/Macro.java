package io.alidade.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// A macro, or the body of a call block, with the scope it was written in.
record Macro(Stmt.Signature signature, List<Stmt> body, Scope defined) implements Callable {
  String name() {
    return signature.name();
  }

  @Override
  public Object call(Interpreter interpreter, Args args) {
    var scope = new Scope(defined);
    var parameters = signature.parameters();
    var named = new LinkedHashMap<>(args.named());
    bind(interpreter, scope, args.positional(), named);
    boolean takesCaller = parameters.contains("caller") || signature.reads().contains("caller");
    if (takesCaller && !parameters.contains("caller")) {
      var caller = named.remove("caller");
      scope.put("caller", caller == null ? new Undefined("No caller defined") : caller);
    }
    if (signature.reads().contains("kwargs") && !parameters.contains("kwargs")) {
      scope.put("kwargs", new LinkedHashMap<Object, Object>(named));
    } else if (!named.isEmpty()) {
      throw new TemplateException(
          "macro '" + name() + "' takes no keyword argument '" + named.firstEntry().getKey() + "'");
    }
    int extra = args.positional().size() - parameters.size();
    if (signature.reads().contains("varargs") && !parameters.contains("varargs")) {
      scope.put(
          "varargs",
          new Tuple(
              extra > 0
                  ? args.positional().subList(parameters.size(), args.positional().size())
                  : List.of()));
    } else if (extra > 0) {
      throw new TemplateException(
          "macro '" + name() + "' takes not more than " + parameters.size() + " argument(s)");
    }
    return interpreter.captured(body, scope);
  }

  private void bind(
      Interpreter interpreter, Scope scope, List<Object> positional, Map<String, Object> named) {
    var parameters = signature.parameters();
    int required = parameters.size() - signature.defaults().size();
    for (var parameter : parameters) { // a default sees only the parameters before its own
      scope.put(parameter, new Undefined("parameter '" + parameter + "' was not provided"));
    }
    for (int i = 0; i < parameters.size(); i++) {
      var parameter = parameters.get(i);
      Object value;
      if (i < positional.size()) {
        value = positional.get(i);
        if (named.containsKey(parameter)) {
          throw new TemplateException(
              "macro '" + name() + "' got multiple values for argument '" + parameter + "'");
        }
      } else if (named.containsKey(parameter)) {
        value = Objects.requireNonNull(named.remove(parameter));
      } else if (i >= required) {
        value = interpreter.evaluate(signature.defaults().get(i - required), scope);
      } else {
        continue;
      }
      scope.put(parameter, value);
    }
  }

  /// What templates may ask of a macro.
  Object attribute(String attribute) {
    return switch (attribute) {
      case "name" -> name();
      case "arguments" -> new Tuple(new ArrayList<>(signature.parameters()));
      case "catch_kwargs" -> signature.reads().contains("kwargs");
      case "catch_varargs" -> signature.reads().contains("varargs");
      case "caller" -> signature.reads().contains("caller");
      default -> Undefined.attribute(this, attribute);
    };
  }
}
