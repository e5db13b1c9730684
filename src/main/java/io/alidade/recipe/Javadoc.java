package io.alidade.recipe;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.regex.Pattern;

/// The Javadoc of a top-level type, from the sources that travel with the program.
///
/// @param paragraphs each on one line, Markdown as it is written
/// @param parameters what is said of each component, by the key that sets it
public record Javadoc(List<String> paragraphs, SequencedMap<String, String> parameters) {
  private static final Pattern PARAMETER = Pattern.compile("@param (\\w+) (.*)");

  /// Reads that of a type.
  ///
  /// @throws IllegalStateException if the source is not beside the classes or has no Javadoc
  public static Javadoc of(Class<?> type) {
    var source = "sources/" + type.getName().replace('.', '/') + ".java";
    var text = ClassPath.text(source).orElseThrow(() -> new IllegalStateException("no " + source));
    var lines = comment(text, type.getSimpleName());
    var paragraphs = new ArrayList<String>();
    var parameters = new LinkedHashMap<String, String>();
    var block = new StringBuilder();
    for (var line : lines) {
      if (line.isEmpty() || line.startsWith("@")) {
        finish(block, paragraphs, parameters);
      }
      block.append(block.isEmpty() || line.isEmpty() ? "" : " ").append(line);
    }
    finish(block, paragraphs, parameters);
    if (paragraphs.isEmpty()) {
      throw new IllegalStateException(source + ": no Javadoc before its public type");
    }
    return new Javadoc(List.copyOf(paragraphs), parameters);
  }

  private static void finish(
      StringBuilder block, List<String> paragraphs, SequencedMap<String, String> parameters) {
    var text = block.toString();
    block.setLength(0);
    var parameter = PARAMETER.matcher(text);
    if (parameter.matches()) {
      parameters.put(Components.key(parameter.group(1)), parameter.group(2));
    } else if (!text.isEmpty() && !text.startsWith("@")) {
      paragraphs.add(text);
    }
  }

  /// The lines of the comment that stands before the declaration.
  private static List<String> comment(String text, String name) {
    var declaration = Pattern.compile("^public .*\\b(record|interface|class|enum) " + name + "\\b");
    var comment = new ArrayList<String>();
    for (var line : text.lines().toList()) {
      if (declaration.matcher(line).find()) {
        break;
      }
      if (line.startsWith("///")) {
        comment.add(line.substring(3).strip());
      } else if (!line.startsWith("@") && !line.isBlank()) {
        comment.clear();
      }
    }
    return comment;
  }
}
