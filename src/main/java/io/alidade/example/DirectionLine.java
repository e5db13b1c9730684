package io.alidade.example;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// How a direction stands before what is asked (DPA, Wang et al. 2024, arXiv:2402.18571: a system
/// message with the weights in hundredths).
///
/// @param template with `{weights}` in it
/// @param objectives their names, as the model was trained with them
public record DirectionLine(String template, List<String> objectives) {
  private static final String PLACE = "{weights}";

  /// Checks the place.
  public DirectionLine {
    if (!template.contains(PLACE)) {
      throw new IllegalArgumentException("template must contain " + PLACE);
    }
    if (objectives.isEmpty()) {
      throw new IllegalArgumentException("objectives must name at least one");
    }
    objectives = List.copyOf(objectives);
  }

  /// A line before a plain prompt, a system message before a conversation.
  public Text before(Direction direction, Text prompt) {
    var line = template.replace(PLACE, direction.words(objectives));
    return switch (prompt) {
      case Text.Plain(var asked) -> new Text.Plain(line + asked);
      case Text.Chat(var messages) -> {
        var all = new ArrayList<Message>();
        all.add(new Message("system", Map.of("role", "system", "content", line)));
        all.addAll(messages);
        yield new Text.Chat(List.copyOf(all));
      }
    };
  }
}
