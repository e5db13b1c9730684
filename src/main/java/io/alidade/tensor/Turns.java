package io.alidade.tensor;

import java.util.IdentityHashMap;

/// The order in which shares add to a sum that they have in common: the first contributions of all
/// shares by number of the share, then the second ones, and so on. A share that has ended is not
/// waited for.
///
/// With every share contributing to its sums in the same order, none can wait for another that
/// waits for it: of two contributions to one sum the later share, or the later contribution, waits.
final class Turns {
  private final IdentityHashMap<Object, int[]> made =
      new IdentityHashMap<>(); // contributions, by share
  private final boolean[] ended;

  Turns(int shares) {
    ended = new boolean[shares];
  }

  /// Runs `add` when it is the turn of the share to add to a sum.
  void run(Object sum, int share, Runnable add) {
    await(sum, share);
    try {
      add.run();
    } finally {
      synchronized (this) {
        made(sum)[share]++;
        notifyAll();
      }
    }
  }

  private synchronized void await(Object sum, int share) {
    boolean interrupted = false;
    while (!ready(made(sum), share)) {
      try {
        wait();
      } catch (InterruptedException _) {
        interrupted = true; // the others wait for this share; it must go on
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private int[] made(Object sum) {
    return made.computeIfAbsent(sum, _ -> new int[ended.length]);
  }

  private boolean ready(int[] counts, int share) {
    for (int other = 0; other < ended.length; other++) {
      int least = counts[share] + (other < share ? 1 : 0);
      if (other != share && !ended[other] && counts[other] < least) {
        return false;
      }
    }
    return true;
  }

  /// The share makes no further contribution.
  synchronized void end(int share) {
    ended[share] = true;
    notifyAll();
  }
}
