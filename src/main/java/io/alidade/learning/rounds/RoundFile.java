package io.alidade.learning.rounds;

import io.alidade.UserException;
import io.alidade.journal.Journal;
import io.alidade.store.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Supplier;

/// What a round drew, as lines of text. It is drawn in parts, each kept as soon as it is whole, and
/// what is kept is read rather than drawn again: a process that is killed loses a part at most.
///
/// @param folder of all rounds
/// @param number of the round, from 0
/// @param journal told how far it is
record RoundFile(Path folder, int number, Journal journal) {
  /// Draws some prompts of a round.
  @FunctionalInterface
  interface Part {
    /// @param from first prompt of the part, counted within the round
    /// @param until after its last
    /// @return lines, each with its end
    String lines(int from, int until);
  }

  /// Where everything is that was drawn: `round-N.jsonl`.
  Path path() {
    return folder.resolve("round-%05d.jsonl".formatted(number));
  }

  /// Where it is what was learned from: `round-N-learned.jsonl`, in the format of data.
  Path learned() {
    return folder.resolve("round-%05d-learned.jsonl".formatted(number));
  }

  /// The lines of the round, drawn if they are not there yet.
  ///
  /// @param what is done, for the journal
  /// @param prompts of the round
  /// @param size prompts of a part
  List<String> lines(String what, int prompts, int size, Part draw) {
    var parts = folder.resolve("round-%05d-parts".formatted(number));
    if (!Files.exists(path())) {
      AtomicFiles.text(
          path(),
          size < prompts ? joined(parts, what, prompts, size, draw) : draw.lines(0, prompts));
    }
    try {
      AtomicFiles.delete(parts); // also what a process left that was killed just before this
    } catch (IOException e) {
      throw new UserException("cannot remove %s: %s".formatted(parts, e.getMessage()), e);
    }
    return text(path()).lines().toList();
  }

  private String joined(Path parts, String what, int prompts, int size, Part draw) {
    AtomicFiles.sweep(parts);
    var lines = new StringBuilder();
    for (int from = 0; from < prompts; from += size) {
      int until = Math.min(prompts, from + size);
      var part = parts.resolve("from-%06d-to-%06d.jsonl".formatted(from, until));
      if (!Files.exists(part)) {
        AtomicFiles.text(part, draw.lines(from, until));
        journal.progress(what, until, prompts, "prompts", new LinkedHashMap<>());
      }
      lines.append(text(part));
    }
    return lines.toString();
  }

  /// Keeps what is learned from, unless it is kept already.
  void learned(Supplier<String> lines) {
    if (!Files.exists(learned())) {
      AtomicFiles.text(learned(), lines.get());
    }
  }

  /// Says something about the round in a line.
  void say(String line) {
    journal.message("round %d: %s".formatted(number + 1, line));
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UserException("cannot read %s: %s".formatted(file, e.getMessage()), e);
    }
  }
}
