package io.alidade.recipe;

import io.alidade.UserException;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Changes one value of a YAML tree by its path, before binding: `objective.Dpo.beta=0.2`.
public final class Overrides {
  private Overrides() {}

  /// The tree with one value replaced or added.
  ///
  /// @param type the record that the tree will be bound to; it decides which paths exist
  /// @param root what messages call the tree
  /// @param path keys, names of components and places in lists, joined by dots
  /// @param value YAML, or plain text where text is wanted
  /// @throws UserException if there is no such path
  public static Node.Mapping set(
      Class<? extends Record> type, String root, Node.Mapping tree, String path, String value) {
    var place = "--set " + path;
    return (Node.Mapping) at(type, tree, List.of(path.split("\\.", -1)), root, value, place);
  }

  private static Node at(
      Type declared, Node node, List<String> rest, String path, String value, String place) {
    var type = Components.present(declared);
    if (rest.isEmpty()) {
      boolean text = type == String.class || type == Path.class;
      return text || value.isEmpty()
          ? new Node.Scalar(value, text && !value.isEmpty(), place)
          : Yaml.parse(place, value);
    }
    var key = rest.getFirst();
    var tail = rest.subList(1, rest.size());
    var below = path + "." + key;
    var item = Components.argument(type, List.class);
    if (item.isPresent()) {
      return inList(item.get(), node, key, tail, path, value, place);
    }
    var entry = Components.argument(type, Map.class);
    if (entry.isPresent()) {
      var map = mappingOf(node, place);
      return map.with(key, at(entry.get(), child(map, key, place), tail, below, value, place));
    }
    if (type instanceof Class<?> slot && Components.isSlot(slot)) {
      var record = Binder.component(slot, key, new Node.Scalar(key, false, place), path);
      var map = mappingOf(node, place);
      if (!map.entries().isEmpty() && !map.entries().containsKey(key)) {
        throw new UserException(
            "%s is %s, not %s; to replace it: --set '%s={%s: {…}}'"
                .formatted(path, map.entries().firstEntry().getKey(), key, afterRoot(path), key));
      }
      return map.with(key, at(record, child(map, key, place), tail, below, value, place));
    }
    if (type instanceof Class<?> record && record.isRecord()) {
      var components = Components.of(record);
      var component = components.get(key);
      if (component == null) {
        throw new UserException(
            "--set: %s has no '%s'; it has %s%s"
                .formatted(path, key, components.keySet(), Nearest.hint(key, components.keySet())));
      }
      var map = mappingOf(node, place);
      return map.with(
          key, at(component.getGenericType(), child(map, key, place), tail, below, value, place));
    }
    throw new UserException(
        "--set: %s is a single value; it has no '%s'".formatted(path, String.join(".", rest)));
  }

  private static Node inList(
      Type item,
      Node node,
      String key,
      List<String> tail,
      String path,
      String value,
      String place) {
    var items = new ArrayList<>(node instanceof Node.Sequence list ? list.items() : List.of());
    if (!key.matches("\\d{1,6}") || Integer.parseInt(key) >= items.size()) {
      throw new UserException(
          "--set: %s is a list of %d; '%s' is no place in it".formatted(path, items.size(), key));
    }
    int index = Integer.parseInt(key);
    items.set(index, at(item, items.get(index), tail, path + "." + key, value, place));
    return new Node.Sequence(items, node.place());
  }

  private static String afterRoot(String path) {
    return path.substring(path.indexOf('.') + 1);
  }

  private static Node child(Node.Mapping map, String key, String place) {
    var child = map.entries().get(key);
    return child == null ? new Node.Scalar("", false, place) : child;
  }

  /// A bare name is a map from that name to nothing; what is absent is an empty map.
  private static Node.Mapping mappingOf(Node node, String place) {
    return switch (node) {
      case Node.Mapping mapping -> mapping;
      case Node.Scalar scalar when scalar.isNull() ->
          new Node.Mapping(new LinkedHashMap<>(), place);
      case Node.Scalar scalar ->
          new Node.Mapping(new LinkedHashMap<>(), scalar.place())
              .with(scalar.text(), new Node.Scalar("", false, scalar.place()));
      case Node.Sequence list -> new Node.Mapping(new LinkedHashMap<>(), list.place());
    };
  }
}
