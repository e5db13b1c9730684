package io.alidade.generation;

import io.alidade.UserException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What ends an answer.
///
/// @param ends tokens
/// @param texts strings, which are not part of the answer
public record Stops(Set<Integer> ends, List<String> texts) {
  /// Copies both.
  public Stops {
    ends = Set.copyOf(ends);
    texts = List.copyOf(texts);
  }

  /// The ends of a model and some strings; those that are special tokens end an answer as its end
  /// token does.
  ///
  /// @throws UserException if a string is empty
  public static Stops of(LanguageModel model, List<String> stops) {
    if (stops.contains("")) {
      throw new UserException("a stop string is empty; it would end every answer at once");
    }
    var ends = new HashSet<>(model.ends());
    var texts = new ArrayList<String>();
    for (var stop : stops) {
      var id = model.tokenizer().id(stop);
      if (id.isPresent() && model.tokenizer().isSpecial(id.getAsInt())) {
        ends.add(id.getAsInt());
      } else {
        texts.add(stop);
      }
    }
    return new Stops(ends, texts);
  }
}
