package io.alidade.learning.rounds;

import io.alidade.batch.Shuffle;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// Which of some things come at which places of a run: all in turn, each pass in an order of its
/// own.
///
/// @param count of the things
/// @param seed of the orders
/// @param shuffle whether a pass has a random order, rather than that of the file
record Turns(int count, long seed, boolean shuffle) {
  /// The things at some places of the run.
  ///
  /// @param first place, from 0
  int[] at(long first, int places) {
    var chosen = new int[places];
    long pass = -1;
    var order = new int[0];
    for (int i = 0; i < places; i++) {
      if ((first + i) / count != pass) {
        pass = (first + i) / count;
        order = order(pass);
      }
      chosen[i] = order[(int) ((first + i) % count)];
    }
    return chosen;
  }

  private int[] order(long pass) {
    var random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + pass);
    return shuffle ? Shuffle.of(count, random::nextInt) : IntStream.range(0, count).toArray();
  }
}
