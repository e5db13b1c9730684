package io.alidade.serve;

import io.alidade.generation.Answer;
import io.alidade.model.Decoder;
import io.alidade.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The answer to a request in OpenAI's shapes: as a whole, or in pieces.
final class Reply {
  /// What a choice has come to.
  private static final class Choice {
    final StringBuilder text = new StringBuilder();
    final List<Decoder.Token> tokens = new ArrayList<>();
    List<Decoder.Token> echo = List.of();
    Answer.@Nullable End end;
  }

  private final Ask ask;
  private final Job job;
  private final Spelling spelling;
  private final String id;
  private final long created;
  private final List<Choice> choices = new ArrayList<>();
  private int drawn;

  /// @param created seconds since 1970
  Reply(Ask ask, Job job, Tokenizer tokenizer, long created) {
    this.ask = ask;
    this.job = job;
    this.created = created;
    spelling = new Spelling(tokenizer);
    id = (ask.chat() ? "chatcmpl-" : "cmpl-") + UUID.randomUUID().toString().replace("-", "");
    for (int i = 0; i < job.choices(); i++) {
      choices.add(new Choice());
    }
  }

  /// Notes an event.
  void add(Job.Event event) {
    switch (event) {
      case Job.Event.Echo(int choice, var tokens) -> choices.get(choice).echo = tokens;
      case Job.Event.Piece(int choice, var text, var tokens) -> {
        choices.get(choice).text.append(text);
        choices.get(choice).tokens.addAll(tokens);
      }
      case Job.Event.End(int choice, var reason, int tokens) -> {
        choices.get(choice).end = reason;
        drawn += tokens;
      }
      case Job.Event.Broken _ -> {}
    }
  }

  /// Whether every choice has ended.
  boolean complete() {
    return choices.stream().allMatch(choice -> choice.end != null);
  }

  /// Tokens drawn.
  int drawn() {
    return drawn;
  }

  /// The whole answer.
  Map<String, Object> whole() {
    var all = new ArrayList<Map<String, Object>>();
    for (int i = 0; i < choices.size(); i++) {
      var choice = choices.get(i);
      var cells = new LinkedHashMap<String, Object>();
      cells.put("index", i);
      if (ask.chat()) {
        var message = new LinkedHashMap<String, Object>();
        message.put("role", "assistant");
        message.put("content", choice.text.toString());
        message.put("refusal", Optional.empty());
        cells.put("message", message);
        cells.put("logprobs", chatLogprobs(choice.tokens));
      } else {
        int[] prompt = job.prompt(i).ids();
        var echoed = ask.echo() ? spelling.text(prompt) : "";
        cells.put("text", echoed + choice.text);
        cells.put(
            "logprobs",
            ask.logprobs()
                .map(top ->
                    ask.echo()
                        ? spelling.completion(prompt, choice.echo, choice.tokens, top)
                        : spelling.completion(new int[0], List.of(), choice.tokens, top)));
      }
      cells.put("finish_reason", reason(choice.end));
      all.add(cells);
    }
    var whole = head(ask.chat() ? "chat.completion" : "text_completion");
    whole.put("choices", all);
    whole.put("usage", usage());
    return whole;
  }

  /// What a stream begins with: one piece a choice, for conversations.
  List<Map<String, Object>> opening() {
    var opening = new ArrayList<Map<String, Object>>();
    for (int i = 0; ask.chat() && i < choices.size(); i++) {
      var delta = new LinkedHashMap<String, Object>();
      delta.put("role", "assistant");
      delta.put("content", "");
      opening.add(piece(i, delta, "", List.of(), Optional.empty()));
    }
    return opening;
  }

  /// A piece of the stream, if an event makes one.
  Optional<Map<String, Object>> piece(Job.Event event) {
    return switch (event) {
      case Job.Event.Piece(int choice, var text, var tokens) ->
          Optional.of(piece(choice, Map.of("content", text), text, tokens, Optional.empty()));
      case Job.Event.End(int choice, var reason, int _) ->
          Optional.of(piece(choice, Map.of(), "", List.of(), Optional.of(reason)));
      case Job.Event.Echo _, Job.Event.Broken _ -> Optional.empty();
    };
  }

  /// What a stream ends with, if it was asked for.
  Optional<Map<String, Object>> ending() {
    if (!ask.usage()) {
      return Optional.empty();
    }
    var ending = head(ask.chat() ? "chat.completion.chunk" : "text_completion");
    ending.put("choices", List.of());
    ending.put("usage", usage());
    return Optional.of(ending);
  }

  private Map<String, Object> piece(
      int index,
      Map<String, Object> delta,
      String text,
      List<Decoder.Token> tokens,
      Optional<Answer.End> end) {
    var choice = new LinkedHashMap<String, Object>();
    choice.put("index", index);
    if (ask.chat()) {
      choice.put("delta", delta);
      choice.put("logprobs", tokens.isEmpty() ? Optional.empty() : chatLogprobs(tokens));
    } else {
      choice.put("text", text);
      choice.put(
          "logprobs",
          ask.logprobs()
              .filter(_ -> !tokens.isEmpty())
              .map(top -> spelling.completion(new int[0], List.of(), tokens, top)));
    }
    choice.put("finish_reason", end.map(Reply::reason));
    var piece = head(ask.chat() ? "chat.completion.chunk" : "text_completion");
    piece.put("choices", List.of(choice));
    if (ask.usage()) {
      piece.put("usage", Optional.empty());
    }
    return piece;
  }

  private Optional<Map<String, Object>> chatLogprobs(List<Decoder.Token> tokens) {
    return ask.logprobs()
        .map(top -> {
          var logprobs = new LinkedHashMap<String, Object>();
          logprobs.put("content", tokens.stream().map(token -> spelling.chat(token, top)).toList());
          logprobs.put("refusal", Optional.empty());
          return logprobs;
        });
  }

  private Map<String, Object> head(String object) {
    var head = new LinkedHashMap<String, Object>();
    head.put("id", id);
    head.put("object", object);
    head.put("created", created);
    head.put("model", ask.model());
    return head;
  }

  private Map<String, Object> usage() {
    var usage = new LinkedHashMap<String, Object>();
    usage.put("prompt_tokens", job.promptTokens());
    usage.put("completion_tokens", drawn);
    usage.put("total_tokens", job.promptTokens() + drawn);
    return usage;
  }

  private static String reason(Answer.@Nullable End end) {
    return end == Answer.End.LENGTH ? "length" : "stop";
  }
}
