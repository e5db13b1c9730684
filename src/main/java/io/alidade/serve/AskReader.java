package io.alidade.serve;

import io.alidade.UserException;
import io.alidade.example.Message;
import io.alidade.example.Text;
import io.alidade.model.LogitsProcessor;
import io.alidade.store.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads the bodies of `/v1/chat/completions` and `/v1/completions`.
final class AskReader {
  private static final int ALTERNATIVES = 20;
  private static final int SAMPLES = 128;
  private static final int STOPS = 16;

  private AskReader() {}

  /// @throws Failure if it is no such request
  static Ask read(String body, boolean chat) {
    var fields = new Fields(object(body), "");
    var model =
        fields
            .text("model")
            .orElseThrow(() -> Failure.invalid("model", "'model' is missing; see /v1/models"));
    var draws = draws(fields, chat);
    var stops = fields.texts("stop");
    if (stops.size() > STOPS || stops.contains("")) {
      throw Failure.invalid("stop", "'stop' is at most %d strings, none empty".formatted(STOPS));
    }
    boolean stream = fields.flag("stream");
    var options = fields.object("stream_options");
    boolean usage = options.map(o -> o.flag("include_usage")).orElse(false);
    options.ifPresent(o -> {
      o.ignore("include_obfuscation");
      o.done();
    });
    var ask =
        new Ask(
            model,
            chat,
            chat ? List.of(conversation(fields)) : prompts(fields),
            fields.integer("n", 1, SAMPLES).orElse(1),
            draws,
            stops,
            stream,
            usage,
            logprobs(fields, chat),
            !chat && fields.flag("echo"),
            processors(fields));
    if (ask.echo() && stream) {
      throw Failure.invalid("echo", "'echo' does not go with 'stream'");
    }
    if (draws.newTokens().orElse(1) == 0 && !ask.echo()) {
      throw Failure.invalid("max_tokens", "'max_tokens' of 0 needs 'echo'");
    }
    // What clients send along and what asks for nothing that could be done otherwise.
    fields.ignore("user", "metadata", "store", "service_tier", "safety_identifier");
    fields.only("response_format", "{\"type\":\"text\"}");
    fields.only("tools", "[]");
    fields.only("tool_choice", "none", "auto");
    fields.only("parallel_tool_calls", "true", "false");
    fields.only("modalities", "[\"text\"]");
    fields.only("best_of", "1");
    fields.only("suffix", "");
    fields.done();
    return ask;
  }

  private static ObjectNode object(String body) {
    try {
      return Json.object("the body", Json.parse("the body", body));
    } catch (UserException failure) {
      throw Failure.invalid("", "invalid_json", String.valueOf(failure.getMessage()));
    }
  }

  private static Ask.Draws draws(Fields fields, boolean chat) {
    var newTokens = fields.integer("max_tokens", chat ? 1 : 0, Integer.MAX_VALUE);
    var named = chat ? fields.integer("max_completion_tokens", 1, Integer.MAX_VALUE) : newTokens;
    return new Ask.Draws(
        named.or(() -> newTokens),
        fields.number("temperature", 0, 2),
        fields.number("top_p", 1e-6, 1),
        fields.integer("top_k", 0, Integer.MAX_VALUE),
        fields.number("min_p", 0, 1),
        fields.number("repetition_penalty", 0.01, 100),
        fields.whole("seed"));
  }

  private static Optional<Integer> logprobs(Fields fields, boolean chat) {
    if (!chat) {
      return fields.isFlag("logprobs")
          ? Optional.of(fields.flag("logprobs")).filter(on -> on).map(_ -> 0)
          : fields.integer("logprobs", 0, ALTERNATIVES);
    }
    boolean on = fields.flag("logprobs");
    var top = fields.integer("top_logprobs", 0, ALTERNATIVES);
    if (top.isPresent() && !on) {
      throw Failure.invalid("top_logprobs", "'top_logprobs' needs 'logprobs'");
    }
    return on ? Optional.of(top.orElse(0)) : Optional.empty();
  }

  private static List<LogitsProcessor> processors(Fields fields) {
    var processors = new ArrayList<LogitsProcessor>();
    double presence = fields.number("presence_penalty", -2, 2).orElse(0.0);
    double frequency = fields.number("frequency_penalty", -2, 2).orElse(0.0);
    if (presence != 0 || frequency != 0) {
      processors.add(new LogitsProcessor.DrawnPenalty(presence, frequency));
    }
    var bias = fields.numbers("logit_bias", -100, 100);
    if (!bias.isEmpty()) {
      processors.add(new LogitsProcessor.Bias(bias));
    }
    return processors;
  }

  private static Ask.Asked conversation(Fields fields) {
    var node =
        fields
            .any("messages")
            .orElseThrow(() -> Failure.invalid("messages", "'messages' is missing"));
    if (!node.isArray() || node.isEmpty()) {
      throw fields.wrong("messages", "a list of at least one message", node);
    }
    var messages = new ArrayList<Message>();
    for (int m = 0; m < node.size(); m++) {
      messages.add(message(node.get(m), "messages[" + m + "]"));
    }
    return new Ask.Asked.Words(new Text.Chat(messages));
  }

  private static Message message(JsonNode node, String at) {
    if (!(node instanceof ObjectNode object)) {
      throw Failure.invalid(at, "'%s' must be an object".formatted(at));
    }
    var fields = new Fields(object, at + ".");
    var role =
        fields
            .text("role")
            .orElseThrow(() -> Failure.invalid(at + ".role", "'%s.role' is missing".formatted(at)));
    var content = content(fields, at);
    var cells = new LinkedHashMap<String, Object>();
    cells.put("role", role);
    cells.put("content", content);
    fields.text("name").ifPresent(name -> cells.put("name", name));
    fields.only("refusal", "");
    fields.only("tool_calls", "[]");
    fields.done();
    return new Message(role, cells);
  }

  /// A string, or the text parts of a list.
  private static String content(Fields fields, String at) {
    var node =
        fields
            .any("content")
            .orElseThrow(
                () -> Failure.invalid(at + ".content", "'%s.content' is missing".formatted(at)));
    if (node.isString()) {
      return node.stringValue();
    }
    if (!node.isArray()) {
      throw fields.wrong("content", "a string or a list of text parts", node);
    }
    var text = new StringBuilder();
    for (var part : node) {
      if (!"text".equals(part.path("type").asString("")) || !part.path("text").isString()) {
        throw fields.wrong("content", "a string or a list of text parts", node);
      }
      text.append(part.path("text").stringValue());
    }
    return text.toString();
  }

  private static List<Ask.Asked> prompts(Fields fields) {
    var node =
        fields.any("prompt").orElseThrow(() -> Failure.invalid("prompt", "'prompt' is missing"));
    if (node.isString() || isIds(node)) {
      return List.of(prompt(fields, node));
    }
    if (!node.isArray() || node.isEmpty()) {
      throw fields.wrong("prompt", "a string, a list of strings, or token ids", node);
    }
    return node.valueStream().map(one -> prompt(fields, one)).toList();
  }

  private static boolean isIds(JsonNode node) {
    return node.isArray() && !node.isEmpty() && node.get(0).isNumber();
  }

  private static Ask.Asked prompt(Fields fields, JsonNode node) {
    if (node.isString()) {
      return new Ask.Asked.Words(new Text.Plain(node.stringValue()));
    }
    if (!isIds(node)
        || !node.valueStream().allMatch(id -> id.isIntegralNumber() && id.canConvertToInt())) {
      throw fields.wrong("prompt", "a string, a list of strings, or token ids", node);
    }
    return new Ask.Asked.Ids(node.valueStream().map(JsonNode::intValue).toList());
  }
}
