package io.alidade.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Renders a conversation up to where its last message stops: a marker is put behind that message's
/// text, and the rendering is cut at the marker.
final class Continuation {
  /// Ends in a blank, so that a cut marker tells that the template strips messages.
  private static final String MARKER = "CONTINUE_FINAL_MESSAGE_TAG ";

  private Continuation() {}

  static String render(
      ChatTemplate template,
      List<? extends Map<String, ?>> messages,
      @Nullable List<?> tools,
      Map<String, ?> extra) {
    if (messages.isEmpty()) {
      throw new TemplateException("there is no message to continue");
    }
    var last = new LinkedHashMap<String, @Nullable Object>(messages.getLast());
    var text = mark(last);
    List<Map<String, ?>> marked = new ArrayList<>(messages.subList(0, messages.size() - 1));
    marked.add(last);
    var rendered = template.conversation(marked, tools, false, extra).text();
    var stripped = MARKER.strip();
    int at = rendered.lastIndexOf(stripped);
    if (at < 0 || !rendered.contains(Text.stripRight(Text.stripLeft(text)))) {
      throw new TemplateException(
          "the last message cannot be continued: the template does not render its text as it is");
    }
    var kept = rendered.substring(0, at);
    return rendered.startsWith(MARKER, at) ? kept : Text.stripRight(kept);
  }

  /// Puts the marker behind the message's text, or behind its last block of text; returns the text.
  private static String mark(Map<String, @Nullable Object> message) {
    var content = message.get("content");
    if (content instanceof String text) {
      message.put("content", text + MARKER);
      return text;
    }
    if (content instanceof List<?> blocks) {
      List<@Nullable Object> marked = new ArrayList<>(blocks);
      for (int i = marked.size() - 1; i >= 0; i--) {
        if (marked.get(i) instanceof Map<?, ?> block && block.get("text") instanceof String text) {
          Map<@Nullable Object, @Nullable Object> copy = new LinkedHashMap<>(block);
          copy.put("text", text + MARKER);
          marked.set(i, copy);
          message.put("content", marked);
          return text;
        }
      }
    }
    throw new TemplateException("the last message has no text to continue");
  }
}
