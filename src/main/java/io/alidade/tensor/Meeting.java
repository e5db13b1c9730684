package io.alidade.tensor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// Where the shares of a piece of work wait for each other and read what the others have computed.
///
/// All shares must come to their meetings in the same order. A share that has ended comes to none,
/// so whoever waits for it fails.
final class Meeting {
  /// A share has left without coming, since it failed: what it threw is what counts.
  static final class Missed extends IllegalStateException {
    private static final long serialVersionUID = 1;

    Missed() {
      super("a share has ended that others wait for");
    }
  }

  private final List<List<Tensor>> brought;
  private List<Tensor> joined = List.of();
  private int waiting;
  private long round;
  private boolean ended;

  Meeting(int shares) {
    brought = new ArrayList<>(Collections.nCopies(shares, List.of()));
  }

  /// What all shares have brought, one after the other along the first dimension, in memory that
  /// they have in common.
  ///
  /// @param mine `[T_share, ...]` each, the same number of tensors from every share
  List<Tensor> joined(int share, List<Tensor> mine) {
    bring(share, mine);
    if (share == 0) {
      var all = new ArrayList<Tensor>();
      for (int i = 0; i < mine.size(); i++) {
        int which = i;
        all.add(Ops.concatenate(brought.stream().map(one -> one.get(which)).toList(), 0));
      }
      joined = all;
    }
    meet();
    var own = joined.stream().map(Tensor::new).toList();
    meet(); // the first frees its own only when all have theirs
    return own;
  }

  /// The sum over all shares, in their order, of some rows of what each has brought.
  ///
  /// @param mine `[T, ...]`, of the same shape from every share
  /// @param from first of the rows that this share wants
  /// @param count of them
  Tensor sum(int share, Tensor mine, long from, long count) {
    bring(share, List.of(mine));
    var sum = brought.getFirst().getFirst().narrow(0, from, count).clone();
    brought.stream().skip(1).forEach(other -> sum.add_(other.getFirst().narrow(0, from, count)));
    meet();
    return sum;
  }

  private void bring(int share, List<Tensor> mine) {
    synchronized (this) {
      brought.set(share, mine);
    }
    meet();
  }

  private synchronized void meet() {
    long current = round;
    if (++waiting == brought.size()) {
      waiting = 0;
      round++;
      notifyAll();
      return;
    }
    boolean interrupted = false;
    while (round == current && !ended) {
      try {
        wait();
      } catch (InterruptedException _) {
        interrupted = true; // native work cannot be left in the middle
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (round == current) {
      throw new Missed();
    }
  }

  /// A share comes to no further meeting.
  synchronized void end() {
    ended = true;
    notifyAll();
  }
}
