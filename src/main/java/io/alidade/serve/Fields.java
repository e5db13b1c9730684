package io.alidade.serve;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The fields of a JSON object, each asked for by name, type and range. What nobody asked for is
/// unknown, and an error. An explicit null is as good as nothing.
final class Fields {
  private final ObjectNode object;
  private final String at;
  private final Set<String> known = new HashSet<>();

  /// @param at what its names begin with in messages, for example `messages[0].`
  Fields(ObjectNode object, String at) {
    this.object = object;
    this.at = at;
  }

  private Optional<JsonNode> node(String name) {
    known.add(name);
    return object.hasNonNull(name) ? Optional.of(object.path(name)) : Optional.empty();
  }

  /// A field that may be there and changes nothing.
  void ignore(String... names) {
    known.addAll(List.of(names));
  }

  /// A field that must not ask for anything but these values.
  void only(String name, String... allowed) {
    node(name)
        .ifPresent(node -> {
          if (!List.of(allowed).contains(node.isString() ? node.stringValue() : node.toString())) {
            throw Failure.invalid(
                at + name,
                "unsupported_value",
                "'%s%s' of %s is not supported; leave it out".formatted(at, name, brief(node)));
          }
        });
  }

  Optional<String> text(String name) {
    return node(name)
        .map(node -> {
          if (!node.isString()) {
            throw wrong(name, "a string", node);
          }
          return node.stringValue();
        });
  }

  boolean flag(String name) {
    return node(name)
        .map(node -> {
          if (!node.isBoolean()) {
            throw wrong(name, "true or false", node);
          }
          return node.booleanValue();
        })
        .orElse(false);
  }

  /// Whether a field holds true or false.
  boolean isFlag(String name) {
    return node(name).filter(JsonNode::isBoolean).isPresent();
  }

  Optional<Double> number(String name, double least, double most) {
    return node(name)
        .map(node -> {
          if (!node.isNumber() || !(node.doubleValue() >= least && node.doubleValue() <= most)) {
            throw wrong(name, "a number from %s to %s".formatted(plain(least), plain(most)), node);
          }
          return node.doubleValue();
        });
  }

  Optional<Integer> integer(String name, int least, int most) {
    return node(name)
        .map(node -> {
          if (!node.isIntegralNumber()
              || !node.canConvertToInt()
              || node.intValue() < least
              || node.intValue() > most) {
            throw wrong(name, "an integer from %d to %d".formatted(least, most), node);
          }
          return node.intValue();
        });
  }

  Optional<Long> whole(String name) {
    return node(name)
        .map(node -> {
          if (!node.isIntegralNumber() || !node.canConvertToLong()) {
            throw wrong(name, "an integer of 64 bits", node);
          }
          return node.longValue();
        });
  }

  Optional<JsonNode> any(String name) {
    return node(name);
  }

  Optional<Fields> object(String name) {
    return node(name)
        .map(node -> {
          if (!(node instanceof ObjectNode inner)) {
            throw wrong(name, "an object", node);
          }
          return new Fields(inner, at + name + ".");
        });
  }

  /// A string or a list of them.
  List<String> texts(String name) {
    return node(name)
        .map(node ->
            node.isArray()
                ? node.valueStream().map(one -> string(name, one)).toList()
                : List.of(string(name, node)))
        .orElse(List.of());
  }

  /// Numbers by the integers that name them.
  Map<Integer, Double> numbers(String name, double least, double most) {
    var numbers = new LinkedHashMap<Integer, Double>();
    object(name)
        .ifPresent(inner -> {
          for (var key : inner.object.propertyNames()) {
            try {
              numbers.put(Integer.valueOf(key), inner.number(key, least, most).orElse(0.0));
            } catch (NumberFormatException _) {
              throw Failure.invalid(
                  at + name, "'%s%s' is by token ids, '%s' is none".formatted(at, name, cut(key)));
            }
          }
        });
    return numbers;
  }

  private String string(String name, JsonNode node) {
    if (!node.isString()) {
      throw wrong(name, "a string or a list of strings", node);
    }
    return node.stringValue();
  }

  /// Ends the questions.
  void done() {
    for (var name : object.propertyNames()) {
      if (!known.contains(name)) {
        throw Failure.invalid(
            at + cut(name), "unknown_parameter", "unknown field '%s%s'".formatted(at, cut(name)));
      }
    }
  }

  Failure wrong(String name, String wanted, JsonNode was) {
    return Failure.invalid(
        at + name,
        "invalid_value",
        "'%s%s' must be %s, was %s".formatted(at, name, wanted, brief(was)));
  }

  private static String brief(JsonNode node) {
    return cut(node.toString());
  }

  private static String cut(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }

  private static String plain(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }
}
