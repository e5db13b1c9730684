package io.alidade.data;

import io.alidade.example.Message;
import io.alidade.example.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// How a context stands before what is asked: for whom, or by what criterion, an answer shall be
/// good.
///
/// @param text with `{context}` in it; what a reward model was trained with is what it must be
///   asked with
public record ContextTemplate(String text) {
  private static final String PLACE = "{context}";

  /// Checks the place.
  public ContextTemplate {
    if (!text.contains(PLACE)) {
      throw new IllegalArgumentException("template must contain " + PLACE);
    }
  }

  /// A line before a plain prompt, a system message before a conversation.
  ///
  /// @param context possibly empty, which is not the same as none: the line stands without it
  public Text before(String context, Text prompt) {
    var line = text.replace(PLACE, context);
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
