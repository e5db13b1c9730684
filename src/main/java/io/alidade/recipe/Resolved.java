package io.alidade.recipe;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// A record as YAML again, defaults spelled out: what a run writes down of what it ran.
public final class Resolved {
  private static final String PLACE = "resolved";

  private Resolved() {}

  /// The tree that binds to an equal record.
  public static Node.Mapping of(Record value) {
    var entries = new LinkedHashMap<String, Node>();
    for (var entry : Components.of(value.getClass()).entrySet()) {
      var component = entry.getValue();
      Object held;
      try {
        var accessor = component.getAccessor();
        accessor.setAccessible(true);
        held = accessor.invoke(value);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
      if (!(held instanceof Optional<?> optional && optional.isEmpty())) {
        entries.put(entry.getKey(), node(component.getGenericType(), held));
      }
    }
    return new Node.Mapping(entries, PLACE);
  }

  private static Node node(Type type, Object value) {
    return switch (value) {
      case Optional<?> optional -> node(Components.present(type), optional.orElseThrow());
      case List<?> list -> {
        var items = new ArrayList<Node>();
        var item = Components.argument(type, List.class).orElseThrow();
        list.forEach(one -> items.add(node(item, one)));
        yield new Node.Sequence(items, PLACE);
      }
      case Map<?, ?> map -> {
        var entries = new LinkedHashMap<String, Node>();
        map.forEach((key, one) -> entries.put((String) key, node(Object.class, one)));
        yield new Node.Mapping(entries, PLACE);
      }
      case Record record when Components.isSlot(type) -> {
        var entries = new LinkedHashMap<String, Node>();
        entries.put(record.getClass().getSimpleName(), of(record));
        yield new Node.Mapping(entries, PLACE);
      }
      case Record record -> of(record);
      case Enum<?> constant ->
          new Node.Scalar(constant.name().toLowerCase(Locale.ROOT), false, PLACE);
      case String text -> new Node.Scalar(text, !isWord(text), PLACE);
      case Number number ->
          new Node.Scalar(number.toString().toLowerCase(Locale.ROOT), false, PLACE);
      case Boolean flag -> new Node.Scalar(flag.toString(), false, PLACE);
      default -> new Node.Scalar(value.toString(), true, PLACE);
    };
  }

  private static boolean isWord(String text) {
    return text.matches("[A-Za-z][A-Za-z0-9_./-]*") && !text.equals("null");
  }
}
