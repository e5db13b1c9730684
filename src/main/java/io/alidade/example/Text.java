package io.alidade.example;

import java.util.List;

/// Language in one of the two forms that data sets use.
public sealed interface Text {
  /// Plain text, passed to the tokenizer as it is.
  ///
  /// @param text may be empty
  record Plain(String text) implements Text {}

  /// Turns of a conversation, which the model's chat template renders.
  ///
  /// @param messages in order
  record Chat(List<Message> messages) implements Text {}
}
