package io.alidade.learning.rounds;

import io.alidade.UserException;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.example.Example;
import io.alidade.generation.TextGenerator;
import io.alidade.journal.Journal;
import io.alidade.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Prompts that leave room for an answer.
///
/// @param rows of the data
/// @param kept which of them fit
/// @param ids of the prompts that fit, in the same order
public record Prompts(Rows rows, int[] kept, List<int[]> ids) {
  /// Encodes all prompts.
  ///
  /// @param what they are called in messages
  /// @param longest tokens of a prompt at most
  /// @throws UserException if none fits, or one cannot be rendered
  public static Prompts of(
      String what, Rows rows, Tokenizer tokenizer, int longest, Journal journal) {
    var encoder = encoder(tokenizer);
    var kept = new ArrayList<Integer>();
    var ids = new ArrayList<int[]>();
    for (int i = 0; i < rows.count(); i++) {
      var row = rows.row(i);
      var bare =
          new Example(row.row(), TextGenerator.asked(row), List.of(), Map.of(), row.extras());
      var prompt = encoder.encode(bare).prompt();
      if (prompt.length == 0) {
        throw new UserException(row.row() + ": an empty prompt; there is nothing to answer");
      }
      if (prompt.length <= longest) {
        kept.add(i);
        ids.add(prompt);
      }
    }
    if (kept.isEmpty()) {
      throw new UserException(
          "%s: no prompt of %d leaves room for an answer: max_length less max_new_tokens is %d; raise max_length"
              .formatted(rows.place(0).file(), rows.count(), longest));
    }
    int left = rows.count() - kept.size();
    journal.message(
        "%,d %s%s"
            .formatted(
                kept.size(),
                what,
                left == 0
                    ? ""
                    : "; left out %,d: longer than max_length less max_new_tokens"
                        .formatted(left)));
    return new Prompts(rows, kept.stream().mapToInt(i -> i).toArray(), ids);
  }

  /// An encoder of prompts.
  static RowEncoder encoder(Tokenizer tokenizer) {
    return new RowEncoder(tokenizer, Encoding.unlimited(Layout.CONTINUATIONS));
  }

  /// How many there are.
  public int count() {
    return kept.length;
  }

  /// The row of a prompt.
  Example example(int number) {
    return rows.row(kept[number]);
  }

  /// All cells of its row, by column.
  Map<String, Object> cells(int number) {
    return rows.cells(kept[number]);
  }

  /// The prompts as groups without candidates.
  public Groups groups() {
    var groups = new ArrayList<Group>();
    for (int i = 0; i < kept.length; i++) {
      groups.add(new Group(rows.place(kept[i]), ids.get(i), List.of(), Map.of()));
    }
    return Groups.of(groups);
  }
}
