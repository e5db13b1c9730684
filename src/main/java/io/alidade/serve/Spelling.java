package io.alidade.serve;

import io.alidade.model.Decoder;
import io.alidade.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Tokens as text in reports of likelihoods. A token that is no text by itself, such as a part of a
/// character, is spelled with U+FFFD and has no bytes.
final class Spelling {
  private final Tokenizer tokenizer;

  Spelling(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /// A prompt as text, special tokens left out.
  String text(int[] ids) {
    return tokenizer.decode(ids, true);
  }

  private String text(int id) {
    return tokenizer.decode(new int[] {id}, false);
  }

  /// A token in the shape of conversations.
  ///
  /// @param top how many alternatives
  Map<String, Object> chat(Decoder.Token token, int top) {
    var cells = chat(token.id(), token.logp());
    cells.put(
        "top_logprobs",
        token.alternatives().stream()
            .limit(top)
            .map(other -> chat(other.id(), other.logp()))
            .toList());
    return cells;
  }

  private Map<String, Object> chat(int id, float logp) {
    var text = text(id);
    var cells = new LinkedHashMap<String, Object>();
    cells.put("token", text);
    cells.put("logprob", logp);
    cells.put("bytes", text.indexOf('\uFFFD') >= 0 ? Optional.empty() : bytes(text));
    return cells;
  }

  private static List<Integer> bytes(String text) {
    var bytes = new ArrayList<Integer>();
    for (byte one : text.getBytes(StandardCharsets.UTF_8)) {
      bytes.add(one & 0xFF);
    }
    return bytes;
  }

  /// Tokens in the shape of completions.
  ///
  /// @param prompt ids that are echoed
  /// @param echo what was seen of them, from the second on
  /// @param top how many alternatives
  Map<String, Object> completion(
      int[] prompt, List<Decoder.Token> echo, List<Decoder.Token> tokens, int top) {
    var texts = new ArrayList<String>();
    var logps = new ArrayList<Object>();
    var tops = new ArrayList<Object>();
    var offsets = new ArrayList<Integer>();
    int offset = 0;
    if (prompt.length > 0) {
      texts.add(text(prompt[0]));
      logps.add(Optional.empty()); // nothing is said of the first one
      tops.add(Optional.empty());
      offsets.add(0);
      offset = texts.getFirst().length();
    }
    for (var part : List.of(echo, tokens)) {
      for (var token : part) {
        var text = text(token.id());
        texts.add(text);
        logps.add(token.logp());
        tops.add(tops(token, top));
        offsets.add(offset);
        offset += text.length();
      }
    }
    var cells = new LinkedHashMap<String, Object>();
    cells.put("tokens", texts);
    cells.put("token_logprobs", logps);
    cells.put("top_logprobs", top > 0 ? Optional.of(tops) : Optional.empty());
    cells.put("text_offset", offsets);
    return cells;
  }

  private Map<String, Float> tops(Decoder.Token token, int top) {
    var tops = new LinkedHashMap<String, Float>();
    token.alternatives().stream()
        .limit(top)
        .forEach(other -> tops.putIfAbsent(text(other.id()), other.logp()));
    return tops;
  }
}
