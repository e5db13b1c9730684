package io.alidade.template;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// Filters that compare the elements of sequences and dicts: sorting, grouping, extremes.
final class OrderFilters {
  static final Map<String, Filters.Filter> ALL = new HashMap<>();

  static {
    ALL.put("dictsort", OrderFilters::dictSort);
    ALL.put("sort", OrderFilters::sort);
    ALL.put("unique", OrderFilters::unique);
    ALL.put("max", (in, value, args) -> extreme(in, value, args, 1));
    ALL.put("min", (in, value, args) -> extreme(in, value, args, -1));
    ALL.put("groupby", OrderFilters::groupBy);
  }

  private OrderFilters() {}

  private static Comparator<Object> order(boolean reverse) {
    Comparator<Object> order = (a, b) -> Comparison.compare(a, b, "<");
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
        SequenceFilters.listed(in, new View(View.Kind.ITEMS, dict)),
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
          getters.add(Attributes.getter(part, null));
        }
      } else {
        getters.add(Attributes.getter(bound[2], null));
      }
      key =
          item ->
              getters.stream().map(getter -> folded(getter.apply(item), caseSensitive)).toList();
    }
    return sorted(SequenceFilters.listed(in, value), key, Args.truth(bound[0], false));
  }

  private static Object unique(Interpreter in, Object value, Args args) {
    var bound = args.bind("unique", "case_sensitive?", "attribute?");
    boolean caseSensitive = Args.truth(bound[0], false);
    var part =
        Args.isGiven(bound[1])
            ? Attributes.getter(bound[1], null)
            : UnaryOperator.<Object>identity();
    Map<Object, Object> seen = new LinkedHashMap<>();
    for (var item : SequenceFilters.listed(in, value)) {
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
    var part =
        Args.isGiven(bound[1])
            ? Attributes.getter(bound[1], null)
            : UnaryOperator.<Object>identity();
    var items = SequenceFilters.listed(in, value);
    if (items.isEmpty()) {
      return new Undefined("No aggregated item, sequence was empty.");
    }
    var best = items.getFirst();
    for (var item : items.subList(1, items.size())) {
      var challenger = folded(part.apply(item), caseSensitive);
      if (sign * Comparison.compare(challenger, folded(part.apply(best), caseSensitive), "<") > 0) {
        best = item;
      }
    }
    return best;
  }

  private static Object groupBy(Interpreter in, Object value, Args args) {
    var bound = args.bind("groupby", "attribute", "default?", "case_sensitive?");
    boolean caseSensitive = Args.truth(bound[2], false);
    var part = Attributes.getter(bound[0], Args.isGiven(bound[1]) ? bound[1] : null);
    Function<Object, Object> key = item -> folded(part.apply(item), caseSensitive);
    List<Object> groups = new ArrayList<>();
    List<Object> group = new ArrayList<>();
    Object current = Args.ABSENT;
    for (var item : sorted(SequenceFilters.listed(in, value), key, false)) {
      var next = key.apply(item);
      if (current == Args.ABSENT || !Comparison.equal(current, next)) {
        group = new ArrayList<>();
        groups.add(new Tuple(List.of(part.apply(item), group), List.of("grouper", "list")));
        current = next;
      }
      group.add(item);
    }
    return groups;
  }

  private static Object folded(Object value, boolean caseSensitive) {
    return Values.isText(value) && !caseSensitive ? Text.lower(Values.text(value)) : value;
  }
}
