package io.alidade.generation;

import io.alidade.example.Example;
import java.util.List;
import java.util.function.Consumer;

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

  /// How many answers are best drawn together: more take memory, or cost more where a process dies.
  int together();

  /// The same with each answer handed over in order, as soon as it and all before it have ended.
  ///
  /// @param ended told of each answer, those of the first prompts first
  default void draw(
      List<Prompt> prompts, int first, TextGenerator.Listener listener, Consumer<Answer> ended) {
    draw(prompts, first, listener).forEach(ended);
  }
}
