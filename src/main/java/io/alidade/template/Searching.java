package io.alidade.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finding strings in strings: `find` and `index`, `count`, `startswith` and `endswith`.
final class Searching {
  private Searching() {}

  /// The part of a text between two positions, and where it starts.
  private record Window(String text, int start) {
    static @Nullable Window of(String text, Object from, Object to) {
      int size = Text.length(text);
      long start = Args.isGiven(from) ? Numbers.index(from) : 0;
      long stop = Args.isGiven(to) ? Numbers.index(to) : size;
      start = Math.max(0, start < 0 ? start + size : start);
      stop = Math.clamp(stop < 0 ? stop + size : stop, 0, size);
      return start > stop
          ? null
          : new Window(
              text.substring(Text.offset(text, (int) start), Text.offset(text, (int) stop)),
              (int) start);
    }
  }

  static Object affix(String text, Args args, boolean start) {
    var bound = args.bind(start ? "startswith" : "endswith", "affix", "start?", "stop?");
    var window = Window.of(text, bound[1], bound[2]);
    if (window == null) {
      return false;
    }
    List<Object> affixes = bound[0] instanceof Tuple tuple ? tuple.items() : List.of(bound[0]);
    return affixes.stream()
        .map(Values::text)
        .anyMatch(a -> start ? window.text().startsWith(a) : window.text().endsWith(a));
  }

  static Object find(String text, Args args, boolean last, boolean must) {
    var bound = args.bind(must ? "index" : "find", "sub", "start?", "stop?");
    var wanted = Values.text(bound[0]);
    var window = Window.of(text, bound[1], bound[2]);
    int at =
        window == null
            ? -1
            : last ? window.text().lastIndexOf(wanted) : window.text().indexOf(wanted);
    if (at < 0 || window == null) {
      if (must) {
        throw new TemplateException("substring not found");
      }
      return -1L;
    }
    return (long) window.start() + window.text().codePointCount(0, at);
  }

  static Object count(String text, Args args) {
    var bound = args.bind("count", "sub", "start?", "stop?");
    var wanted = Values.text(bound[0]);
    var window = Window.of(text, bound[1], bound[2]);
    if (window == null) {
      return 0L;
    }
    if (wanted.isEmpty()) {
      return Text.length(window.text()) + 1L;
    }
    long count = 0;
    for (int at = window.text().indexOf(wanted);
        at >= 0;
        at = window.text().indexOf(wanted, at + wanted.length())) {
      count++;
    }
    return count;
  }
}
