package io.alidade.data;

import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Message;
import io.alidade.example.Text;
import io.alidade.store.Json;
import io.alidade.template.ChatTemplate;
import io.alidade.template.TemplateException;
import io.alidade.tokenizer.Tokenizer;
import io.alidade.tokenizer.Tokens;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A row's texts as the strings that the tokenizer sees.
final class Renderer {
  private final Tokenizer tokenizer;

  Renderer(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /// A string and whether the tokenizer puts its own tokens around it: it does for plain text, and
  /// does not for conversations, whose template writes them.
  record Rendered(String text, boolean framed) {
    static final Rendered NOTHING = new Rendered("", false);
  }

  Tokens tokens(Rendered rendered) {
    return tokenizer.tokens(rendered.text(), rendered.framed());
  }

  int[] ids(Rendered rendered) {
    return tokenizer.encode(rendered.text(), rendered.framed());
  }

  /// What the candidates answer, alone; nothing before whole conversations.
  Rendered prompt(Example example) {
    return switch (example.prompt()) {
      case Text.Plain(var text) ->
          example.candidates().stream().anyMatch(c -> c instanceof Text.Chat)
              ? Rendered.NOTHING
              : new Rendered(text, true);
      case Text.Chat(var messages) ->
          new Rendered(
              chat(
                  example,
                  (t, m, c) -> t.conversation(m, c.tools(), true, c.extra()).text(),
                  messages),
              false);
    };
  }

  /// Characters of prompt and candidate as one that are the prompt's.
  int start(Example example) {
    return prompt(example).text().length();
  }

  /// Prompt and candidate as one.
  Rendered together(Example example, Text candidate) {
    if (candidate instanceof Text.Plain(var text)
        && example.prompt() instanceof Text.Plain(var prompt)) {
      return new Rendered(prompt + ended(example, text), true);
    }
    return new Rendered(
        chat(
            example,
            (t, m, c) -> t.conversation(m, c.tools(), false, c.extra()).text(),
            conversation(example, candidate)),
        false);
  }

  /// Which tokens of prompt and candidate, rendered as one, are the assistant's.
  boolean[] assistant(Example example, Text candidate, Tokens tokens) {
    if (!(candidate instanceof Text.Chat)) {
      throw new UserException(
          example.row()
              + ": assistant_only_loss needs conversations, this is plain text; switch it off");
    }
    var spans =
        chat(
            example,
            (t, m, c) -> t.assistantSpans(m, c.tools(), c.extra()),
            conversation(example, candidate));
    boolean[] marks = new boolean[tokens.ids().length];
    for (int t = 0; t < marks.length; t++) {
      int start = tokens.starts()[t];
      int end = tokens.ends()[t];
      marks[t] = spans.stream().anyMatch(span -> start < span.end() && end > span.start());
    }
    return marks;
  }

  private static List<Message> conversation(Example example, Text candidate) {
    var messages = new ArrayList<Message>();
    if (example.prompt() instanceof Text.Chat(var prompt)) {
      messages.addAll(prompt);
    }
    if (!(candidate instanceof Text.Chat(var answer))) {
      throw new UserException(
          example.row() + ": a plain answer to a conversation; write it as a list of messages");
    }
    messages.addAll(answer);
    return messages;
  }

  /// What a template reads beside the messages.
  private record Context(@Nullable List<?> tools, Map<String, Object> extra) {}

  private interface Rendering<T> {
    T of(ChatTemplate template, List<Map<String, Object>> messages, Context context);
  }

  private <T> T chat(Example example, Rendering<T> rendering, List<Message> messages) {
    var tools = tools(example);
    var template =
        tokenizer
            .template(tools != null)
            .orElseThrow(() ->
                new UserException(
                    "%s: a conversation, but %s has no chat template; add a"
                            .formatted(example.row(), tokenizer.folder())
                        + " chat_template.jinja or use plain text"));
    try {
      return rendering.of(
          template,
          messages.stream().map(Message::fields).toList(),
          new Context(tools, extra(example)));
    } catch (TemplateException failure) {
      throw new UserException(
          "%s: the chat template refuses the conversation: %s"
              .formatted(example.row(), failure.getMessage()),
          failure);
    }
  }

  private static @Nullable List<?> tools(Example example) {
    var tools = example.extras().get("tools");
    if (tools instanceof String text) {
      tools = Json.mapper().convertValue(Json.parse(example.row() + ": tools", text), Object.class);
    }
    return switch (tools) {
      case null -> null;
      case List<?> list -> list;
      default ->
          throw new UserException(
              example.row()
                  + ": column 'tools' must be a list of JSON schemas, or JSON text of one");
    };
  }

  private Map<String, Object> extra(Example example) {
    var extra = new LinkedHashMap<String, Object>(tokenizer.specialTokens());
    switch (example.extras().get("chat_template_kwargs")) {
      case null -> {}
      case Map<?, ?> map -> map.forEach((key, value) -> extra.put(String.valueOf(key), value));
      default ->
          throw new UserException(
              example.row() + ": column 'chat_template_kwargs' must be an object");
    }
    return extra;
  }

  private String ended(Example example, String text) {
    var eos =
        tokenizer
            .eosText()
            .orElseThrow(() ->
                new UserException(
                    "%s: plain text needs an end, and %s names no eos_token; add it to"
                            .formatted(example.row(), tokenizer.folder())
                        + " tokenizer_config.json"));
    return text.endsWith(eos) ? text : text + eos;
  }
}
