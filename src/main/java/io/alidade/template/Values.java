package io.alidade.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PrimitiveIterator;
import org.jspecify.annotations.Nullable;

/// What values are and do in Python: types, truth, text, iteration. Values are [None], Boolean,
/// Long, BigInteger, Double, String, [Markup], List, [Tuple], [Range], Map (insertion-ordered),
/// [View], [Generator], [Namespace], [Undefined] and [Callable]s.
final class Values {
  private Values() {}

  /// A copy of a caller's value in the interpreter's types.
  static Object imported(@Nullable Object value) {
    return switch (value) {
      case null -> None.NONE;
      case Boolean truth -> truth;
      case Long integer -> integer;
      case Integer integer -> integer.longValue();
      case Short integer -> integer.longValue();
      case Byte integer -> integer.longValue();
      case Double real -> real;
      case Float real -> real.doubleValue();
      case BigInteger big -> Numbers.normal(big);
      case java.math.BigDecimal decimal -> decimal.doubleValue();
      case CharSequence text -> text.toString();
      case Map<?, ?> map -> {
        Map<Object, Object> copy = LinkedHashMap.newLinkedHashMap(map.size());
        map.forEach((key, item) -> copy.put(imported(key), imported(item)));
        yield copy;
      }
      case Collection<?> collection -> {
        List<Object> copy = new ArrayList<>(collection.size());
        collection.forEach(item -> copy.add(imported(item)));
        yield copy;
      }
      default ->
          throw new TemplateException(
              "a template variable has type "
                  + value.getClass().getName()
                  + "; use maps, lists, strings, numbers, booleans or null");
    };
  }

  static String type(Object value) {
    return switch (value) {
      case None none -> "NoneType";
      case Boolean truth -> "bool";
      case Double real -> "float";
      case Number integer -> "int";
      case String text -> "str";
      case Markup markup -> "Markup";
      case Range range -> "range";
      case List<?> list -> "list";
      case Tuple tuple -> "tuple";
      case Map<?, ?> dict -> "dict";
      case View view -> "dict_" + Text.lower(view.kind().name());
      case Generator generator -> "generator";
      case Undefined undefined -> "Undefined";
      default -> value.getClass().getSimpleName();
    };
  }

  static boolean truth(Object value) {
    return switch (value) {
      case Boolean truth -> truth;
      case None none -> false;
      case Undefined undefined -> false;
      case String text -> !text.isEmpty();
      case Markup markup -> !markup.text().isEmpty();
      case Long integer -> integer != 0;
      case Double real -> real != 0;
      case Collection<?> list -> !list.isEmpty();
      case Map<?, ?> dict -> !dict.isEmpty();
      case Tuple tuple -> !tuple.items().isEmpty();
      case View view -> !view.dict().isEmpty();
      default -> true;
    };
  }

  static boolean isText(Object value) {
    return value instanceof String || value instanceof Markup;
  }

  /// The text of a string; anything else is a type error.
  static String text(Object value) {
    return switch (value) {
      case String text -> text;
      case Markup markup -> markup.text();
      case Undefined undefined -> throw undefined.failure();
      default -> throw new TemplateException("expected str, got " + type(value));
    };
  }

  static String str(Object value) {
    return switch (value) {
      case String text -> text;
      case Markup markup -> markup.text();
      case Undefined undefined -> "";
      default -> repr(value);
    };
  }

  static String repr(Object value) {
    var out = new StringBuilder();
    Repr.write(value, out);
    return out.toString();
  }

  /// The value under a key, or null where there is none. Keys are equal as values are: `1`, `1.0`
  /// and `true` are one key.
  static @Nullable Object lookup(Map<?, ?> dict, Object key) {
    var wanted = key(key);
    var found = dict.get(wanted);
    if (found == null && !(wanted instanceof String)) {
      for (var entry : dict.entrySet()) {
        if (Comparison.equal(Objects.requireNonNull(entry.getKey()), wanted)) {
          return entry.getValue();
        }
      }
    }
    return found;
  }

  /// Puts an entry into a dict under construction.
  static void put(Map<Object, Object> dict, Object key, Object value) {
    var wanted = key(key);
    if (Numbers.isNumber(wanted)) {
      for (var entry : dict.entrySet()) {
        if (Comparison.equal(entry.getKey(), wanted)) {
          entry.setValue(value);
          return;
        }
      }
    }
    dict.put(wanted, value);
  }

  /// A value as a dict key; what can change cannot be one.
  static Object key(Object value) {
    return switch (value) {
      case String text -> text;
      case Markup markup -> markup.text();
      case Range range -> range;
      case List<?> list -> throw new TemplateException("unhashable type: 'list'");
      case Map<?, ?> dict -> throw new TemplateException("unhashable type: 'dict'");
      default -> value;
    };
  }

  /// The elements of a value: characters, items, keys.
  static Iterator<Object> iterate(Object value) {
    return switch (value) {
      case List<?> list -> widened(list.iterator());
      case Tuple tuple -> tuple.items().iterator();
      case Map<?, ?> dict -> widened(dict.keySet().iterator());
      case View view -> view.iterator();
      case Generator generator -> generator.items();
      case Undefined undefined -> List.of().iterator();
      case String text -> characters(text);
      case Markup markup -> characters(markup.text());
      default -> throw new TemplateException("'" + type(value) + "' object is not iterable");
    };
  }

  private static Iterator<Object> widened(Iterator<?> items) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return items.hasNext();
      }

      @Override
      public Object next() {
        return Objects.requireNonNull(items.next());
      }
    };
  }

  private static Iterator<Object> characters(String text) {
    PrimitiveIterator.OfInt points = text.codePoints().iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return points.hasNext();
      }

      @Override
      public Object next() {
        return Character.toString(points.nextInt());
      }
    };
  }

  static List<Object> list(Object value) {
    List<Object> items = new ArrayList<>();
    iterate(value).forEachRemaining(items::add);
    return items;
  }

  /// `len(value)`, in code points for strings.
  static int length(Object value) {
    return switch (value) {
      case String text -> Text.length(text);
      case Markup markup -> Text.length(markup.text());
      case Collection<?> list -> list.size();
      case Map<?, ?> dict -> dict.size();
      case Tuple tuple -> tuple.items().size();
      case View view -> view.dict().size();
      case Undefined undefined -> 0;
      case Loop loop -> loop.length();
      default -> throw new TemplateException("object of type '" + type(value) + "' has no len()");
    };
  }
}
