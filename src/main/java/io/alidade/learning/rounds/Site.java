package io.alidade.learning.rounds;

import io.alidade.journal.Journal;
import io.alidade.model.Policy;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Set;

/// Where rounds take place: what a run gives to whatever draws in it.
///
/// @param policy that draws, as it is when a round begins
/// @param tokenizer of the policy
/// @param ends tokens that end an answer
/// @param folder of the rounds' files
/// @param seed of the draws and of the order of prompts
/// @param shuffle whether each pass over the prompts has a random order, rather than that of the
///   data
/// @param journal told of what is drawn
public record Site(
    Policy policy,
    Tokenizer tokenizer,
    Set<Integer> ends,
    Path folder,
    long seed,
    boolean shuffle,
    Journal journal) {
  /// Copies the set.
  public Site {
    ends = Set.copyOf(ends);
  }

  /// Which of some things come at which places of the run.
  Turns turns(int count) {
    return new Turns(count, seed, shuffle);
  }

  /// The file of a round.
  RoundFile round(int round) {
    return new RoundFile(folder, round, journal);
  }
}
