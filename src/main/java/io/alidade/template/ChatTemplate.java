package io.alidade.template;

import java.time.Clock;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A chat template in the Jinja language, compiled once and safe to share between threads.
///
/// Renders what Jinja2's immutable sandbox renders as Hugging Face's transformers sets it up, to
/// the byte: blocks trimmed, `break` and `continue`, `{% generation %}`, `raise_exception`,
/// `strftime_now`, and a `tojson` that keeps non-ASCII characters. Nothing in a message is ever
/// read as template syntax. Templates cannot reach anything but their variables, and their work is
/// bounded by [Limits].
///
/// Variables are maps, lists, strings, numbers, booleans and null, nested.
public final class ChatTemplate {
  private final List<Stmt> statements;
  private final boolean generates;
  private final Limits limits;
  private final Clock clock;

  private ChatTemplate(String source, Clock clock, Limits limits) {
    var parser = new Parser(source, limits);
    statements = parser.template();
    generates = parser.generates();
    this.limits = limits;
    this.clock = clock;
  }

  /// Compiles a template; a syntax error is a [io.alidade.UserException] that names the line and
  /// what was expected there.
  public static ChatTemplate parse(String source) {
    return parse(source, Clock.system(ZoneId.systemDefault()), Limits.DEFAULT);
  }

  /// Compiles a template that takes today's date from `clock` and keeps to `limits`.
  public static ChatTemplate parse(String source, Clock clock, Limits limits) {
    return new ChatTemplate(source, clock, limits);
  }

  /// Whether the template marks what the model is to produce with `{% generation %}`.
  boolean hasGenerationMarks() {
    return generates;
  }

  /// Renders the template, or fails with a [TemplateException] where the template refuses its
  /// variables and a [io.alidade.UserException] where it exceeds a limit.
  public Rendering render(Map<String, ?> variables) {
    return new Interpreter(limits, clock).render(statements, variables);
  }

  /// Renders a conversation: `messages`, `tools`, `documents` (none) and `add_generation_prompt`
  /// are set, then `extra`, which brings `bos_token` and other special tokens and switches such as
  /// `enable_thinking`, and wins over the former.
  ///
  /// @param addGenerationPrompt whether to end with the opening of an assistant's turn
  public Rendering conversation(
      List<? extends Map<String, ?>> messages,
      @Nullable List<?> tools,
      boolean addGenerationPrompt,
      Map<String, ?> extra) {
    Map<String, @Nullable Object> variables = new HashMap<>();
    variables.put("messages", messages);
    variables.put("tools", tools);
    variables.put("documents", null);
    variables.put("add_generation_prompt", addGenerationPrompt);
    variables.putAll(extra);
    return render(variables);
  }

  /// Renders a conversation whose last message is not finished: the text ends with what that
  /// message has so far, for the model to go on.
  String continued(
      List<? extends Map<String, ?>> messages, @Nullable List<?> tools, Map<String, ?> extra) {
    return Continuation.render(this, messages, tools, extra);
  }

  /// Where the assistant's words are in the rendering of a whole conversation without generation
  /// prompt: in generation blocks, or, where the template has none, between the rendering of what
  /// precedes an assistant's message, prompt included, and the rendering through that message.
  ///
  /// Fails with a [TemplateException] where the spans cannot be told, for example because the
  /// template renders earlier turns differently once later ones follow, and where they are empty or
  /// cover the whole text.
  public List<Span> assistantSpans(
      List<? extends Map<String, ?>> messages, @Nullable List<?> tools, Map<String, ?> extra) {
    var whole = conversation(messages, tools, false, extra);
    var spans = generates ? whole.generations() : prefixSpans(messages, tools, extra, whole.text());
    int covered = spans.stream().mapToInt(span -> span.end() - span.start()).sum();
    if (covered == 0) {
      throw new TemplateException(
          "the template leaves nothing for the assistant to learn from this conversation");
    }
    if (covered == whole.text().length()) {
      throw new TemplateException(
          "the template attributes the whole conversation to the assistant");
    }
    return spans;
  }

  private List<Span> prefixSpans(
      List<? extends Map<String, ?>> messages,
      @Nullable List<?> tools,
      Map<String, ?> extra,
      String whole) {
    List<Span> spans = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      if (!"assistant".equals(messages.get(i).get("role"))) {
        continue;
      }
      var before = conversation(messages.subList(0, i), tools, true, extra).text();
      var through = conversation(messages.subList(0, i + 1), tools, false, extra).text();
      if (!through.startsWith(before) || !whole.startsWith(through)) {
        throw new TemplateException(
            "the template renders what surrounds message "
                + (i + 1)
                + " differently when more follows it (it may drop earlier thinking), so the"
                + " assistant's part cannot be told apart; use a template with"
                + " {% generation %} marks or end the conversation at that message");
      }
      spans.add(new Span(before.length(), through.length()));
    }
    return spans;
  }
}
