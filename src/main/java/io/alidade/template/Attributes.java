package io.alidade.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Access to parts of values: `a.b` looks for a method or attribute, then for an item; `a[b]` the
/// other way round. What is missing is [Undefined]; what would change a value, or reach into the
/// machinery behind it, is undefined too.
final class Attributes {
  private Attributes() {}

  static Object attribute(Object target, String name) {
    failIfUndefined(target);
    var found = own(target, name);
    if (found == null) {
      found = part(target, name);
    }
    return found == null ? Undefined.attribute(target, name) : found;
  }

  static Object item(Object target, Object index) {
    failIfUndefined(target);
    var found = part(target, index);
    if (found == null && Values.isText(index)) {
      found = own(target, Values.text(index));
    }
    return found == null ? Undefined.attribute(target, index) : found;
  }

  private static void failIfUndefined(Object target) {
    if (target instanceof Undefined undefined) {
      throw undefined.failure();
    }
  }

  /// A method or attribute of the value's type.
  static @Nullable Object own(Object target, String name) {
    if (name.startsWith("__") && name.endsWith("__")) {
      return Undefined.unsafe(target, name);
    }
    return switch (target) {
      case String text -> StringMethods.method(text, name);
      case Markup markup -> StringMethods.method(markup, name);
      case Map<?, ?> dict -> DictMethods.method(dict, name);
      case Range range -> rangeAttribute(range, name);
      case List<?> list -> ListMethods.method(list, name);
      case Tuple tuple -> {
        int field = tuple.names().indexOf(name);
        yield field >= 0 ? tuple.items().get(field) : ListMethods.searching(tuple.items(), name);
      }
      case Namespace namespace -> namespace.attributes.get(name);
      case Loop loop -> loop.attribute(name);
      case Macro macro -> macro.attribute(name);
      case Globals.Cycler cycler -> cycler.attribute(name);
      case Number number -> numberAttribute(number, name);
      default -> null;
    };
  }

  private static @Nullable Object rangeAttribute(Range range, String name) {
    return switch (name) {
      case "start" -> range.start;
      case "stop" -> range.stop;
      case "step" -> range.step;
      default -> ListMethods.searching(range, name);
    };
  }

  private static @Nullable Object numberAttribute(Number number, String name) {
    return switch (name) {
      case "real", "numerator" ->
          number instanceof Double && name.equals("numerator") ? null : number;
      case "imag" -> number instanceof Double ? (Object) 0.0 : (Object) 0L;
      case "denominator" -> number instanceof Double ? null : (Object) 1L;
      case "is_integer" ->
          new Callable.Named(name, (in, args) -> !(number instanceof Double real) || real % 1 == 0);
      case "bit_length" ->
          number instanceof Double
              ? null
              : new Callable.Named(
                  name, (in, args) -> (long) Numbers.big(number).abs().bitLength());
      default -> null;
    };
  }

  private static @Nullable Object part(Object target, Object index) {
    return switch (target) {
      case Map<?, ?> dict ->
          index instanceof List<?> || index instanceof Map<?, ?>
              ? null
              : Values.lookup(dict, index);
      case List<?> list -> at(list.size(), index, list::get);
      case Tuple tuple -> at(tuple.items().size(), index, tuple.items()::get);
      case String text -> at(Text.length(text), index, i -> character(text, i));
      case Markup markup ->
          at(Text.length(markup.text()), index, i -> new Markup(character(markup.text(), i)));
      default -> null;
    };
  }

  private static String character(String text, int index) {
    return Character.toString(text.codePointAt(Text.offset(text, index)));
  }

  private static @Nullable Object at(int size, Object index, IntFunction<?> item) {
    if (index instanceof Undefined || !Numbers.isInteger(index)) {
      return null;
    }
    long at = Numbers.index(index);
    long position = at < 0 ? at + size : at;
    return position >= 0 && position < size ? item.apply((int) position) : null;
  }

  /// `target[start:stop:step]`, where [None] stands for what was left out.
  static Object slice(Object target, Object start, Object stop, Object step) {
    failIfUndefined(target);
    boolean sliceable =
        Values.isText(target) || target instanceof List<?> || target instanceof Tuple;
    if (!sliceable) {
      throw new TemplateException("'" + Values.type(target) + "' object cannot be sliced");
    }
    if (!isBound(start) || !isBound(stop) || !isBound(step)) {
      throw new TemplateException("slice indices must be integers or None");
    }
    int size = Values.length(target);
    long stride = step == None.NONE ? 1 : Numbers.index(step);
    if (stride == 0) {
      throw new TemplateException("slice step cannot be zero");
    }
    long low = stride < 0 ? -1 : 0;
    long high = stride < 0 ? size - 1 : size;
    long from = start == None.NONE ? (stride < 0 ? high : low) : bound(start, size, low, high);
    long to = stop == None.NONE ? (stride < 0 ? low : high) : bound(stop, size, low, high);
    if (target instanceof String text && stride == 1) {
      return from >= to
          ? ""
          : text.substring(Text.offset(text, (int) from), Text.offset(text, (int) to));
    }
    List<Object> items = target instanceof Tuple tuple ? tuple.items() : Values.list(target);
    List<Object> taken = new ArrayList<>();
    for (long i = from; stride < 0 ? i > to : i < to; i += stride) {
      taken.add(items.get((int) i));
    }
    return switch (target) {
      case Tuple tuple -> new Tuple(taken);
      case List<?> list -> taken;
      default -> {
        var text = new StringBuilder();
        taken.forEach(c -> text.append(Values.text(c)));
        yield Arithmetic.like(target, text.toString());
      }
    };
  }

  private static boolean isBound(Object value) {
    return value == None.NONE || Numbers.isInteger(value);
  }

  private static long bound(Object value, int size, long low, long high) {
    long at = Numbers.index(value);
    return Math.clamp(at < 0 ? at + size : at, low, high);
  }

  /// Reads `a.b.0` from an item, or the item under an integer.
  static UnaryOperator<Object> getter(Object attribute, @Nullable Object fallback) {
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
        value = item(value, part);
        if (fallback != null && value instanceof Undefined) {
          value = fallback;
        }
      }
      return value;
    };
  }
}
