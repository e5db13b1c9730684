package io.alidade.recipe;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/// Reads YAML 1.2 as maps, lists and scalars. Tags, anchors and merges are refused, so that a file
/// says all it says in plain sight and cannot name a class of its choice.
public final class Yaml {
  private static final Set<String> PLAIN_TAGS =
      Set.of(
          "tag:yaml.org,2002:str",
          "tag:yaml.org,2002:int",
          "tag:yaml.org,2002:float",
          "tag:yaml.org,2002:bool",
          "tag:yaml.org,2002:null",
          "tag:yaml.org,2002:map",
          "tag:yaml.org,2002:seq");

  private Yaml() {}

  /// Reads a file.
  public static Node read(Path file) {
    try {
      return parse(file.toString(), Files.readString(file));
    } catch (IOException e) {
      throw new UserException("cannot read %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  /// Reads a text.
  ///
  /// @param name of the text, for messages
  /// @throws UserException with name and line, if it is not YAML or not plain
  public static Node parse(String name, String text) {
    var settings =
        LoadSettings.builder()
            .setLabel(name)
            .setUseMarks(true)
            .setAllowDuplicateKeys(true) // reported here, with both lines
            .setMaxAliasesForCollections(0)
            .build();
    try {
      return new Compose(settings)
          .composeString(text)
          .map(root -> node(name, root))
          .orElseThrow(() -> new UserException(name + " is empty"));
    } catch (MarkedYamlEngineException e) {
      var line = e.getProblemMark().map(mark -> ", line " + (mark.getLine() + 1)).orElse("");
      throw new UserException("%s%s: not YAML: %s".formatted(name, line, e.getProblem()), e);
    } catch (YamlEngineException e) {
      throw new UserException("%s: not YAML: %s".formatted(name, firstLine(e)), e);
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private static Node node(String name, org.snakeyaml.engine.v2.nodes.Node node) {
    var place =
        node.getStartMark().map(mark -> name + ", line " + (mark.getLine() + 1)).orElse(name);
    if (node.getAnchor().isPresent() || node.isRecursive()) {
      throw new UserException(place + ": anchors and aliases are not allowed; write it out");
    }
    if (!PLAIN_TAGS.contains(node.getTag().getValue())) {
      throw new UserException("%s: the tag %s is not allowed".formatted(place, node.getTag()));
    }
    return switch (node) {
      case MappingNode mapping -> {
        var entries = new LinkedHashMap<String, Node>();
        for (var tuple : mapping.getValue()) {
          if (!(node(name, tuple.getKeyNode()) instanceof Node.Scalar key)) {
            throw new UserException(place + ": a key must be a name");
          }
          var first = entries.putIfAbsent(key.text(), node(name, tuple.getValueNode()));
          if (first != null) {
            throw new UserException(
                "%s: '%s' stands there twice; first at %s"
                    .formatted(key.place(), key.text(), first.place()));
          }
        }
        yield new Node.Mapping(entries, place);
      }
      case SequenceNode sequence -> {
        var items = new ArrayList<Node>();
        sequence.getValue().forEach(item -> items.add(node(name, item)));
        yield new Node.Sequence(items, place);
      }
      case ScalarNode scalar ->
          new Node.Scalar(scalar.getValue(), scalar.getScalarStyle() != ScalarStyle.PLAIN, place);
      default -> throw new UserException(place + ": maps, lists and scalars only");
    };
  }

  /// A tree as text that reads back to an equal tree.
  public static String write(Node node) {
    var out = new StringBuilder();
    write(out, node, 0);
    return out.toString();
  }

  private static void write(StringBuilder out, Node node, int indent) {
    switch (node) {
      case Node.Mapping(var entries, _) ->
          entries.forEach((key, value) -> {
            out.repeat(' ', indent).append(inline(new Node.Scalar(key, false, ""))).append(':');
            writeAfter(out, value, indent + 2);
          });
      case Node.Sequence(var items, _) ->
          items.forEach(item -> {
            out.repeat(' ', indent).append('-');
            writeAfter(out, item, indent + 2);
          });
      case Node.Scalar scalar -> out.repeat(' ', indent).append(inline(scalar)).append('\n');
    }
  }

  private static void writeAfter(StringBuilder out, Node node, int indent) {
    switch (node) {
      case Node.Mapping(var entries, _) when entries.isEmpty() -> out.append(" {}\n");
      case Node.Sequence(var items, _) when items.isEmpty() -> out.append(" []\n");
      case Node.Scalar scalar -> out.append(' ').append(inline(scalar)).append('\n');
      default -> {
        out.append('\n');
        write(out, node, indent);
      }
    }
  }

  private static String inline(Node.Scalar scalar) {
    boolean plain =
        !scalar.quoted()
            && scalar.text().matches("[A-Za-z0-9_./+-]([A-Za-z0-9 _./+@-]*[A-Za-z0-9_./+@-])?")
            && !scalar.text().equals("-")
            && !scalar.text().startsWith("- ");
    return plain ? scalar.text() : quote(scalar);
  }

  /// A scalar in double quotes, or bare where quoting would turn nothing into text.
  private static String quote(Node.Scalar scalar) {
    if (scalar.isNull()) {
      return "null";
    }
    var out = new StringBuilder("\"");
    for (int i = 0; i < scalar.text().length(); i++) {
      char c = scalar.text().charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < ' ' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append('"').toString();
  }
}
