package io.alidade.data;

import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Text;
import io.alidade.tokenizer.Tokenizer;
import io.alidade.tokenizer.Tokens;

/// A row's texts as strings and ids.
final class Renderer {
  private final Tokenizer tokenizer;

  Renderer(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /// What the candidates answer, alone.
  Tokens prompt(Example example) {
    return switch (example.prompt()) {
      case Text.Plain(var text) -> tokenizer.tokens(text, true);
      case Text.Chat _ -> throw chat(example);
    };
  }

  /// Prompt and candidate as one.
  Tokens together(Example example, Text candidate) {
    if (example.prompt() instanceof Text.Plain(var prompt)
        && candidate instanceof Text.Plain(var text)) {
      return tokenizer.tokens(prompt + ended(example, text), true);
    }
    throw chat(example);
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

  private static UserException chat(Example example) {
    return new UserException(example.row() + ": conversations are not read yet");
  }
}
