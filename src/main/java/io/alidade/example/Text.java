package io.alidade.example;

import java.util.List;

/// Language in one of the two forms that data sets use.
public sealed interface Text {
  /// Plain text, passed to the tokenizer as it is.
  record Plain(String text) implements Text {}

  /// Turns of a conversation, which the model's chat template renders.
  record Chat(List<Message> messages) implements Text {}
}
