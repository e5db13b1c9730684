package io.alidade.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Filters of sequences and dicts.
final class SequenceFilters {
  static final Map<String, Filters.Filter> ALL = new HashMap<>();

  static {
    define((in, value, args) -> (long) Values.length(value), "length", "count");
    define((in, value, args) -> listed(in, value), "list");
    define((in, value, args) -> first(value), "first");
    define((in, value, args) -> last(value), "last");
    define(SequenceFilters::join, "join");
    define((in, value, args) -> items(value), "items");
    define(SequenceFilters::dictSort, "dictsort");
    define(SequenceFilters::sort, "sort");
    define(SequenceFilters::unique, "unique");
    define((in, value, args) -> extreme(in, value, args, 1), "max");
    define((in, value, args) -> extreme(in, value, args, -1), "min");
    define((in, value, args) -> reverse(value), "reverse");
    define(SequenceFilters::sum, "sum");
    define(SequenceFilters::map, "map");
    define((in, value, args) -> select(in, value, args, false, true), "select");
    define((in, value, args) -> select(in, value, args, false, false), "reject");
    define((in, value, args) -> select(in, value, args, true, true), "selectattr");
    define((in, value, args) -> select(in, value, args, true, false), "rejectattr");
    define(SequenceFilters::groupBy, "groupby");
    define(SequenceFilters::batch, "batch");
    define(SequenceFilters::slice, "slice");
  }

  private SequenceFilters() {}

  private static void define(Filters.Filter filter, String... names) {
    for (var name : names) {
      ALL.put(name, filter);
    }
  }

  private static List<Object> listed(Interpreter in, Object value) {
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
    var part = Args.isGiven(bound[1]) ? getter(bound[1], null) : UnaryOperator.<Object>identity();
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

  /// Reads `a.b.0` from an item, or the item under an integer.
  private static UnaryOperator<Object> getter(Object attribute, @Nullable Object fallback) {
    List<Object> path = new ArrayList<>();
    if (Values.isText(attribute)) {
      for (var part : Values.text(attribute).split("\\.", -1)) {
        path.add(part.matches("\\d{1,9}") ? (Object) Long.valueOf(part) : part);
      }
    } else {
      path.add(attribute);
    }
    return item -> {
      var value = item;
      for (var part : path) {
        value = Attributes.item(value, part);
        if (fallback != null && value instanceof Undefined) {
          value = fallback;
        }
      }
      return value;
    };
  }

  private static Object folded(Object value, boolean caseSensitive) {
    return Values.isText(value) && !caseSensitive ? Text.lower(Values.text(value)) : value;
  }

  private static Comparator<Object> order(boolean reverse) {
    Comparator<Object> order = (a, b) -> Values.compare(a, b, "<");
    return reverse ? order.reversed() : order;
  }

  private static List<Object> sorted(
      List<Object> items, Function<Object, Object> key, boolean reverse) {
    record Keyed(Object key, Object item) {}
    var order = order(reverse);
    return items.stream()
        .map(item -> new Keyed(key.apply(item), item))
        .sorted((a, b) -> order.compare(a.key(), b.key()))
        .map(Keyed::item)
        .toList();
  }

  private static Object dictSort(Interpreter in, Object value, Args args) {
    var bound = args.bind("dictsort", "case_sensitive?", "by?", "reverse?");
    var by = Args.text(bound[1], "key");
    if (!by.equals("key") && !by.equals("value")) {
      throw new TemplateException("You can only sort by either \"key\" or \"value\"");
    }
    if (value instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (!(value instanceof Map<?, ?> dict)) {
      throw new TemplateException("'" + Values.type(value) + "' object has no attribute 'items'");
    }
    boolean caseSensitive = Args.truth(bound[0], false);
    int position = by.equals("key") ? 0 : 1;
    return sorted(
        listed(in, new View(View.Kind.ITEMS, dict)),
        pair -> folded(((Tuple) pair).items().get(position), caseSensitive),
        Args.truth(bound[2], false));
  }

  private static Object sort(Interpreter in, Object value, Args args) {
    var bound = args.bind("sort", "reverse?", "case_sensitive?", "attribute?");
    boolean caseSensitive = Args.truth(bound[1], false);
    Function<Object, Object> key = item -> folded(item, caseSensitive);
    if (Args.isGiven(bound[2])) {
      List<UnaryOperator<Object>> getters = new ArrayList<>();
      if (Values.isText(bound[2])) {
        for (var part : Values.text(bound[2]).split(",")) {
          getters.add(getter(part, null));
        }
      } else {
        getters.add(getter(bound[2], null));
      }
      key =
          item ->
              getters.stream().map(getter -> folded(getter.apply(item), caseSensitive)).toList();
    }
    return sorted(listed(in, value), key, Args.truth(bound[0], false));
  }

  private static Object unique(Interpreter in, Object value, Args args) {
    var bound = args.bind("unique", "case_sensitive?", "attribute?");
    boolean caseSensitive = Args.truth(bound[0], false);
    var part = Args.isGiven(bound[1]) ? getter(bound[1], null) : UnaryOperator.<Object>identity();
    Map<Object, Object> seen = new LinkedHashMap<>();
    for (var item : listed(in, value)) {
      var key = folded(part.apply(item), caseSensitive);
      if (Values.lookup(seen, key) == null) {
        Values.put(seen, key, item);
      }
    }
    return new Generator(seen.values().iterator());
  }

  private static Object extreme(Interpreter in, Object value, Args args, int sign) {
    var bound = args.bind(sign > 0 ? "max" : "min", "case_sensitive?", "attribute?");
    boolean caseSensitive = Args.truth(bound[0], false);
    var part = Args.isGiven(bound[1]) ? getter(bound[1], null) : UnaryOperator.<Object>identity();
    var items = listed(in, value);
    if (items.isEmpty()) {
      return new Undefined("No aggregated item, sequence was empty.");
    }
    var best = items.getFirst();
    for (var item : items.subList(1, items.size())) {
      var challenger = folded(part.apply(item), caseSensitive);
      if (sign * Values.compare(challenger, folded(part.apply(best), caseSensitive), "<") > 0) {
        best = item;
      }
    }
    return best;
  }

  private static Object reverse(Object value) {
    if (Values.isText(value)) {
      return Arithmetic.like(value, Text.reversed(Values.text(value)));
    }
    return new Generator(Values.list(value).reversed().iterator());
  }

  private static Object sum(Interpreter in, Object value, Args args) {
    var bound = args.bind("sum", "attribute?", "start?");
    var part = Args.isGiven(bound[0]) ? getter(bound[0], null) : UnaryOperator.<Object>identity();
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
          in, value, getter(bound[0], bound[1] == Args.ABSENT ? null : bound[1]), item -> true);
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
        byAttribute ? getter(args.positional().getFirst(), null) : UnaryOperator.<Object>identity();
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

  private static Object groupBy(Interpreter in, Object value, Args args) {
    var bound = args.bind("groupby", "attribute", "default?", "case_sensitive?");
    boolean caseSensitive = Args.truth(bound[2], false);
    var part = getter(bound[0], Args.isGiven(bound[1]) ? bound[1] : null);
    Function<Object, Object> key = item -> folded(part.apply(item), caseSensitive);
    List<Object> groups = new ArrayList<>();
    List<Object> group = new ArrayList<>();
    Object current = Args.ABSENT;
    for (var item : sorted(listed(in, value), key, false)) {
      var next = key.apply(item);
      if (current == Args.ABSENT || !Values.equal(current, next)) {
        group = new ArrayList<>();
        groups.add(new Tuple(List.of(part.apply(item), group), List.of("grouper", "list")));
        current = next;
      }
      group.add(item);
    }
    return groups;
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
