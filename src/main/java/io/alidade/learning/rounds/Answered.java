package io.alidade.learning.rounds;

import io.alidade.UserException;
import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.example.Example;
import io.alidade.example.Text;
import io.alidade.generation.TextGenerator;
import io.alidade.tokenizer.Tokenizer;
import java.util.List;
import java.util.Map;

/// The answers that prompts have in the data: a teacher's, or a solution.
///
/// @param prompts whose rows hold them
/// @param encoder to ids
record Answered(Prompts prompts, RowEncoder encoder) {
  /// Checks that every row has an answer.
  ///
  /// @param what it is called, and which setting does without it
  /// @throws UserException naming the first row without
  static Answered of(Prompts prompts, Tokenizer tokenizer, String what) {
    for (int i = 0; i < prompts.count(); i++) {
      var example = prompts.example(i);
      if (example.candidates().isEmpty()) {
        throw new UserException("%s: no answer in the data, %s".formatted(example.row(), what));
      }
    }
    return new Answered(
        prompts, new RowEncoder(tokenizer, Encoding.unlimited(Layout.CONTINUATIONS)));
  }

  /// The answer as ids, as the policy would have drawn it.
  int[] tokens(int number) {
    var example = prompts.example(number);
    var alone =
        new Example(
            example.row(),
            TextGenerator.asked(example),
            List.of(text(example)),
            Map.of(),
            example.extras());
    return encoder.encode(alone).candidates().getFirst().tokens();
  }

  /// The first candidate; of a whole conversation, its last turn.
  private static Text text(Example example) {
    var first = example.candidates().getFirst();
    boolean whole = !TextGenerator.asked(example).equals(example.prompt());
    return whole && first instanceof Text.Chat(var turns)
        ? new Text.Chat(turns.subList(turns.size() - 1, turns.size()))
        : first;
  }
}
