package io.alidade.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The methods of lists and tuples that leave them unchanged.
final class ListMethods {
  private ListMethods() {}

  static @Nullable Object method(List<?> list, String name) {
    return switch (name) {
      case "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort" ->
          Undefined.unsafe(list, name);
      case "copy" -> new Callable.Named(name, (in, args) -> new ArrayList<Object>(list));
      default -> searching(list, name);
    };
  }

  static @Nullable Object searching(List<?> list, String name) {
    return switch (name) {
      case "count" ->
          new Callable.Named(
              name,
              (in, args) -> {
                var wanted = args.bind(name, "value")[0];
                return list.stream().filter(item -> Comparison.equal(item, wanted)).count();
              });
      case "index" -> new Callable.Named(name, (in, args) -> index(list, args));
      default -> null;
    };
  }

  private static Object index(List<?> list, Args args) {
    var bound = args.bind("index", "value", "start?", "stop?");
    long start = bound[1] == Args.ABSENT ? 0 : Numbers.index(bound[1]);
    long stop = bound[2] == Args.ABSENT ? list.size() : Numbers.index(bound[2]);
    long last = Math.min(stop < 0 ? stop + list.size() : stop, list.size());
    for (long i = Math.max(0, start < 0 ? start + list.size() : start); i < last; i++) {
      if (Comparison.equal(list.get((int) i), bound[0])) {
        return i;
      }
    }
    throw new TemplateException(Values.repr(bound[0]) + " is not in list");
  }
}
