package io.alidade.generation;

import io.alidade.example.Example;
import java.util.List;

/// A way in which a model answers prompts: drawn at once, or searched for.
public interface Answering {
  /// The prompt of a row as the model reads it.
  ///
  /// @throws io.alidade.UserException if it cannot be rendered
  Prompt prompt(Example example);

  /// An answer to each prompt, in order.
  ///
  /// @param first number of the first prompt; seed and number decide the draws of a row, so that a
  ///   long list may be answered in parts
  /// @param listener told of text with these numbers
  List<Answer> draw(List<Prompt> prompts, int first, TextGenerator.Listener listener);
}
