package io.alidade.template;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The methods of a dict that leave it unchanged.
final class DictMethods {
  private DictMethods() {}

  static @Nullable Object method(Map<?, ?> dict, String name) {
    Callable body =
        switch (name) {
          case "get" ->
              (in, args) -> {
                var bound = args.bind("get", "key", "default?");
                var found = Values.lookup(dict, bound[0]);
                return found != null ? found : bound[1] == Args.ABSENT ? None.NONE : bound[1];
              };
          case "items" -> view(name, dict, View.Kind.ITEMS);
          case "keys" -> view(name, dict, View.Kind.KEYS);
          case "values" -> view(name, dict, View.Kind.VALUES);
          case "copy" ->
              (in, args) -> {
                args.bind(name);
                return new LinkedHashMap<Object, Object>(dict);
              };
          default -> null;
        };
    return switch (name) {
      case "clear", "pop", "popitem", "setdefault", "update" -> Undefined.unsafe(dict, name);
      default -> body == null ? null : new Callable.Named(name, body);
    };
  }

  private static Callable view(String name, Map<?, ?> dict, View.Kind kind) {
    return (in, args) -> {
      args.bind(name);
      return new View(kind, dict);
    };
  }
}
