package io.alidade.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The `loop` variable. Looks ahead only as far as the template asks, so that a loop's filter sees
/// what its body has done so far.
final class Loop implements Callable {
  private final Iterator<Object> source;
  private final List<Object> ahead = new ArrayList<>();
  private final int depth;
  private final @Nullable Callable recursion;
  private int index; // of the current pass, from 1; 0 before the first
  private @Nullable Object previous;
  private @Nullable Object current;
  private @Nullable Object changing;

  Loop(Iterator<Object> source, int depth, @Nullable Callable recursion) {
    this.source = source;
    this.depth = depth;
    this.recursion = recursion;
  }

  boolean advance() {
    if (!more()) {
      return false;
    }
    previous = current;
    current = ahead.isEmpty() ? source.next() : ahead.removeFirst();
    index++;
    return true;
  }

  Object current() {
    return Objects.requireNonNull(current);
  }

  int index() {
    return index;
  }

  private boolean more() {
    return !ahead.isEmpty() || source.hasNext();
  }

  int length() {
    source.forEachRemaining(ahead::add);
    return index + ahead.size();
  }

  /// An attribute of `loop`, or null where it has none of that name.
  @Nullable Object attribute(String name) {
    return switch (name) {
      case "index" -> (long) index;
      case "index0" -> index - 1L;
      case "revindex" -> length() - index + 1L;
      case "revindex0" -> (long) length() - index;
      case "first" -> index == 1;
      case "last" -> !more();
      case "length" -> (long) length();
      case "depth" -> depth + 1L;
      case "depth0" -> (long) depth;
      case "previtem" -> previous == null ? new Undefined("there is no previous item") : previous;
      case "nextitem" -> next();
      case "cycle" -> new Named("cycle", (in, args) -> cycle(args));
      case "changed" -> new Named("changed", (in, args) -> changed(args));
      default -> null;
    };
  }

  private Object next() {
    if (!more()) {
      return new Undefined("there is no next item");
    }
    if (ahead.isEmpty()) {
      ahead.add(source.next());
    }
    return ahead.getFirst();
  }

  private Object cycle(Args args) {
    var values = args.positional();
    if (values.isEmpty()) {
      throw new TemplateException("no items for cycling given");
    }
    return values.get((index - 1) % values.size());
  }

  private Object changed(Args args) {
    var now = new Tuple(args.positional());
    boolean changed = changing == null || !Comparison.equal(changing, now);
    changing = now;
    return changed;
  }

  @Override
  public Object call(Interpreter interpreter, Args args) {
    if (recursion == null) {
      throw new TemplateException(
          "The loop must have the 'recursive' marker to be called recursively.");
    }
    return recursion.call(interpreter, args);
  }
}
