package io.alidade.template;

import java.time.ZonedDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What every template can call.
final class Globals {
  static final Scope SCOPE = new Scope(null);

  static {
    define("range", (in, args) -> range(args));
    define("dict", (in, args) -> dict(args));
    define(
        "namespace",
        (in, args) -> {
          var namespace = new Namespace();
          dict(args).forEach((key, value) -> namespace.attributes.put(Values.text(key), value));
          return namespace;
        });
    define("cycler", (in, args) -> new Cycler(args.positional()));
    define("joiner", (in, args) -> new Joiner(Args.text(args.bind("joiner", "sep?")[0], ", ")));
    define(
        "raise_exception",
        (in, args) -> {
          throw new TemplateException(Values.str(args.bind("raise_exception", "message")[0]));
        });
    define(
        "strftime_now",
        (in, args) ->
            Strftime.format(
                Values.text(args.bind("strftime_now", "format")[0]), ZonedDateTime.now(in.clock)));
  }

  private Globals() {}

  private static void define(String name, Callable body) {
    SCOPE.put(name, new Callable.Named(name, body));
  }

  private static Object range(Args args) {
    var bound = args.bind("range", "start", "stop?", "step?");
    long first = Numbers.index(bound[0]);
    return bound[1] == Args.ABSENT
        ? new Range(0, first, 1)
        : new Range(
            first, Numbers.index(bound[1]), bound[2] == Args.ABSENT ? 1 : Numbers.index(bound[2]));
  }

  private static Map<Object, Object> dict(Args args) {
    Map<Object, Object> dict = new LinkedHashMap<>();
    if (args.positional().size() > 1) {
      throw new TemplateException("dict expected at most 1 argument");
    }
    for (var source : args.positional()) {
      switch (source) {
        case Map<?, ?> map -> dict.putAll(map);
        case Namespace namespace -> dict.putAll(namespace.attributes);
        default ->
            Values.iterate(source)
                .forEachRemaining(pair -> {
                  var entry = Values.list(pair);
                  if (entry.size() != 2) {
                    throw new TemplateException("dict update sequence needs pairs");
                  }
                  Values.put(dict, entry.getFirst(), entry.getLast());
                });
      }
    }
    dict.putAll(args.named());
    return dict;
  }

  /// Goes round a list of values.
  static final class Cycler {
    private final List<Object> items;
    private int position;

    Cycler(List<Object> items) {
      if (items.isEmpty()) {
        throw new TemplateException("at least one item has to be provided");
      }
      this.items = items;
    }

    @Nullable Object attribute(String name) {
      return switch (name) {
        case "current" -> items.get(position);
        case "next" ->
            new Callable.Named(
                name,
                (in, args) -> {
                  var item = items.get(position);
                  position = (position + 1) % items.size();
                  return item;
                });
        case "reset" ->
            new Callable.Named(
                name,
                (in, args) -> {
                  position = 0;
                  return None.NONE;
                });
        default -> null;
      };
    }
  }

  /// Gives nothing when first called, then its separator.
  static final class Joiner implements Callable {
    private final String separator;
    private boolean used;

    Joiner(String separator) {
      this.separator = separator;
    }

    @Override
    public Object call(Interpreter interpreter, Args args) {
      args.bind("joiner");
      boolean first = !used;
      used = true;
      return first ? "" : separator;
    }
  }
}
