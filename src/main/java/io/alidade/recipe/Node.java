package io.alidade.recipe;

import io.alidade.UserException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// A piece of YAML: a map, a list or a scalar, with the place it came from. Nothing else exists.
public sealed interface Node {
  /// Where it stands, such as `recipes/dpo.yaml, line 3`.
  String place();

  /// Keys with values, in the order of the file.
  ///
  /// @param entries no key twice
  record Mapping(SequencedMap<String, Node> entries, String place) implements Node {
    /// The same with a key added or replaced.
    Mapping with(String key, Node value) {
      var copy = new LinkedHashMap<>(entries);
      copy.put(key, value);
      return new Mapping(copy, place);
    }
  }

  /// Values in order.
  record Sequence(List<Node> items, String place) implements Node {}

  /// Text as the file has it; what it means is decided by what it is bound to.
  ///
  /// @param quoted whether it stood in quotes (or was a block of text), and so is text for certain
  record Scalar(String text, boolean quoted, String place) implements Node {
    /// Whether it says that there is nothing: empty, `~` or `null`, without quotes.
    boolean isNull() {
      return !quoted && (text.isEmpty() || text.equals("~") || text.equals("null"));
    }
  }

  /// The map that this must be.
  ///
  /// @param what path of the thing, for the message
  default Mapping mapping(String what) {
    if (this instanceof Mapping mapping) {
      return mapping;
    }
    throw new UserException(
        "%s: wanted a map of keys and values, got %s (%s)".formatted(what, shown(), place()));
  }

  /// A short rendering for messages.
  default String shown() {
    return switch (this) {
      case Mapping(var entries, _) -> "a map of " + entries.keySet();
      case Sequence(var items, _) -> "a list of " + items.size();
      case Scalar scalar when scalar.isNull() -> "nothing";
      case Scalar scalar when scalar.quoted -> "the text \"" + shortened(scalar.text) + "\"";
      case Scalar scalar -> shortened(scalar.text);
    };
  }

  private static String shortened(String text) {
    var line = text.replace("\n", "\\n");
    return line.length() <= 60 ? line : line.substring(0, 57) + "...";
  }
}
