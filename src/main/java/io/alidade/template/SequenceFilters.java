package io.alidade.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Filters of sequences and dicts; those that compare elements are in [OrderFilters].
final class SequenceFilters {
  static final Map<String, Filters.Filter> ALL = new HashMap<>();

  static {
    define((in, value, args) -> (long) Values.length(value), "length", "count");
    define((in, value, args) -> listed(in, value), "list");
    define((in, value, args) -> first(value), "first");
    define((in, value, args) -> last(value), "last");
    define(SequenceFilters::join, "join");
    define((in, value, args) -> items(value), "items");
    define((in, value, args) -> reverse(value), "reverse");
    define(SequenceFilters::sum, "sum");
    define(SequenceFilters::map, "map");
    define((in, value, args) -> select(in, value, args, false, true), "select");
    define((in, value, args) -> select(in, value, args, false, false), "reject");
    define((in, value, args) -> select(in, value, args, true, true), "selectattr");
    define((in, value, args) -> select(in, value, args, true, false), "rejectattr");
    define(SequenceFilters::batch, "batch");
    define(SequenceFilters::slice, "slice");
  }

  private SequenceFilters() {}

  private static void define(Filters.Filter filter, String... names) {
    for (var name : names) {
      ALL.put(name, filter);
    }
  }

  /// The elements of a value, each a step of the interpreter.
  static List<Object> listed(Interpreter in, Object value) {
    List<Object> items = new ArrayList<>();
    for (var each = Values.iterate(value); each.hasNext(); ) {
      in.step();
      items.add(each.next());
    }
    return items;
  }

  private static Object first(Object value) {
    var items = Values.iterate(value);
    return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
  }

  private static Object last(Object value) {
    if (value instanceof Generator) {
      throw new TemplateException("'generator' object is not reversible");
    }
    var items = Values.list(value);
    return items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.getLast();
  }

  private static Object join(Interpreter in, Object value, Args args) {
    var bound = args.bind("join", "d?", "attribute?");
    var glue = bound[0] == Args.ABSENT ? "" : Values.str(bound[0]);
    var part =
        Args.isGiven(bound[1])
            ? Attributes.getter(bound[1], null)
            : UnaryOperator.<Object>identity();
    var texts = listed(in, value).stream().<Object>map(item -> Values.str(part.apply(item)));
    return StringMethods.join(in, glue, texts.toList());
  }

  private static Object items(Object value) {
    return switch (value) {
      case Undefined undefined -> new Generator(Collections.emptyIterator());
      case Map<?, ?> dict -> new Generator(new View(View.Kind.ITEMS, dict).iterator());
      default -> throw new TemplateException("Can only get item pairs from a mapping.");
    };
  }

  private static Object reverse(Object value) {
    if (Values.isText(value)) {
      return Arithmetic.like(value, Text.reversed(Values.text(value)));
    }
    return new Generator(Values.list(value).reversed().iterator());
  }

  private static Object sum(Interpreter in, Object value, Args args) {
    var bound = args.bind("sum", "attribute?", "start?");
    var part =
        Args.isGiven(bound[0])
            ? Attributes.getter(bound[0], null)
            : UnaryOperator.<Object>identity();
    Object total = bound[1] == Args.ABSENT ? (Object) 0L : bound[1];
    if (Values.isText(total)) {
      throw new TemplateException("sum() can't sum strings [use ''.join(seq) instead]");
    }
    for (var item : listed(in, value)) {
      total = Arithmetic.apply(in, Expr.Operator.ADD, total, part.apply(item));
    }
    return total;
  }

  private static Object map(Interpreter in, Object value, Args args) {
    if (args.positional().isEmpty() && args.named().containsKey("attribute")) {
      var bound = args.bind("map", "attribute", "default?");
      return lazy(
          in,
          value,
          Attributes.getter(bound[0], bound[1] == Args.ABSENT ? null : bound[1]),
          item -> true);
    }
    if (args.positional().isEmpty()) {
      throw new TemplateException("map requires a filter argument");
    }
    var name = Values.text(args.positional().getFirst());
    if (!Filters.has(name)) {
      throw new TemplateException("No filter named '" + name + "'.");
    }
    return lazy(in, value, item -> Filters.apply(in, name, item, args.from(1)), item -> true);
  }

  private static Object select(
      Interpreter in, Object value, Args args, boolean byAttribute, boolean keep) {
    if (byAttribute && args.positional().isEmpty()) {
      throw new TemplateException("Missing parameter for attribute name");
    }
    var part =
        byAttribute
            ? Attributes.getter(args.positional().getFirst(), null)
            : UnaryOperator.<Object>identity();
    var rest = byAttribute ? args.from(1) : args;
    Predicate<Object> test = Values::truth;
    if (!rest.positional().isEmpty()) {
      var name = Values.text(rest.positional().getFirst());
      if (!Tests.has(name)) {
        throw new TemplateException("No test named '" + name + "'.");
      }
      test = item -> Tests.holds(in, name, item, rest.from(1));
    }
    var chosen = test;
    return lazy(in, value, UnaryOperator.identity(), item -> chosen.test(part.apply(item)) == keep);
  }

  /// A generator over a value's elements, each tried and mapped when it is asked for.
  private static Generator lazy(
      Interpreter in, Object value, UnaryOperator<Object> mapping, Predicate<Object> chosen) {
    if (!Values.truth(value)) {
      return new Generator(Collections.emptyIterator());
    }
    var source = Values.iterate(value);
    return new Generator(
        new Iterator<>() {
          private @Nullable Object next;

          @Override
          public boolean hasNext() {
            while (next == null && source.hasNext()) {
              in.step();
              var item = source.next();
              next = chosen.test(item) ? item : null;
            }
            return next != null;
          }

          @Override
          public Object next() {
            if (!hasNext() || next == null) {
              throw new NoSuchElementException();
            }
            var item = next;
            next = null;
            return mapping.apply(item);
          }
        });
  }

  private static Object batch(Interpreter in, Object value, Args args) {
    var bound = args.bind("batch", "linecount", "fill_with?");
    int size = Args.integer(bound[0], 1);
    List<Object> batches = new ArrayList<>();
    List<Object> batch = new ArrayList<>();
    for (var item : listed(in, value)) {
      if (batch.size() == size) {
        batches.add(batch);
        batch = new ArrayList<>();
      }
      batch.add(item);
    }
    if (!batch.isEmpty()) {
      in.room(size);
      while (Args.isGiven(bound[1]) && batch.size() < size) {
        batch.add(bound[1]);
      }
      batches.add(batch);
    }
    return new Generator(batches.iterator());
  }

  private static Object slice(Interpreter in, Object value, Args args) {
    var bound = args.bind("slice", "slices", "fill_with?");
    int count = Args.integer(bound[0], 1);
    if (count <= 0) {
      throw new TemplateException("slices must be positive");
    }
    in.room(count);
    var items = listed(in, value);
    int size = items.size() / count;
    int longer = items.size() % count;
    List<Object> slices = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < count; i++) {
      int end = start + size + (i < longer ? 1 : 0);
      List<Object> slice = new ArrayList<>(items.subList(start, end));
      if (Args.isGiven(bound[1]) && i >= longer) {
        slice.add(bound[1]);
      }
      slices.add(slice);
      start = end;
    }
    return new Generator(slices.iterator());
  }
}
