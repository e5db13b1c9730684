package io.alidade.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Threads that work on shares of a batch side by side, each with operations of one thread.
///
/// Threads that split a single operation meet at its end, some ten thousand times a step, and the
/// faster waits for the slower each time. Shares meet twice, or, where they share single sequences,
/// twice a layer (see [Meeting]). They add to the same gradients in place, in an order that does
/// not depend on who is ahead (see [Turns]), so the same shares give the same bits.
///
/// Each thread has a step of its own, which lasts until [#close()]: what one call of [#each] makes,
/// the next may use, and so may the thread that called.
public final class Shares implements AutoCloseable {
  private record Turn(Turns turns, Meeting meeting, int share) {}

  private static final ThreadLocal<@Nullable Turn> TURN = new ThreadLocal<>();

  private final List<ExecutorService> threads = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();
  private boolean closed;

  /// Starts the threads. They end with the step that is open on this thread, if not before.
  ///
  /// @param count at least 2
  public Shares(int count) {
    Step.closing(this::close);
    for (int i = 0; i < count; i++) {
      int share = i;
      threads.add(
          Executors.newSingleThreadExecutor(task -> {
            var thread = new Thread(task, "alidade-share-" + share);
            thread.setDaemon(true);
            return thread;
          }));
    }
    int before = Natives.threads();
    steps.addAll(
        each(_ -> {
          Natives.threads(); // asked once, lest the setting below be undone when it first is
          torch.set_num_threads(1); // of operations of this thread, and of threads yet to come
          return new Step();
        }));
    torch.set_num_threads(before); // of this one
  }

  /// Runs a piece of work for each share on its thread.
  ///
  /// @param work takes the number of the share
  /// @return the results, in order, when all are done
  /// @throws RuntimeException what the first share that failed has thrown
  public <T> List<T> each(IntFunction<T> work) {
    var turns = new Turns(threads.size());
    var meeting = new Meeting(threads.size());
    boolean counted = Phase.inside();
    var running = new ArrayList<Future<T>>();
    Natives.apart(true);
    for (int i = 0; i < threads.size(); i++) {
      int share = i;
      running.add(
          threads
              .get(share)
              .submit(() -> {
                TURN.set(new Turn(turns, meeting, share));
                // One of them tells what all spend their time on.
                try (var _ = Phase.inside(counted || share > 0)) {
                  return work.apply(share);
                } finally {
                  TURN.remove();
                  turns.end(share);
                  meeting.end();
                }
              }));
    }
    try {
      return gathered(running);
    } finally {
      Natives.apart(false);
    }
  }

  private static <T> List<T> gathered(List<Future<T>> running) {
    var results = new ArrayList<T>();
    Throwable failure = null;
    boolean interrupted = false;
    for (var one : running) {
      while (true) {
        try {
          results.add(one.get());
        } catch (InterruptedException _) {
          interrupted = true; // native work cannot be left in the middle
          continue;
        } catch (ExecutionException thrown) {
          boolean first = failure == null || failure instanceof Meeting.Missed;
          failure = first ? thrown.getCause() : failure;
        }
        break;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure != null) {
      throw (RuntimeException) failure; // work declares no others
    }
    return results;
  }

  /// Runs `add` at once, or, on the thread of a share, when it is that share's turn to add to a
  /// sum.
  static void inTurn(Object sum, Runnable add) {
    var turn = TURN.get();
    if (turn == null) {
      add.run();
    } else {
      turn.turns.run(sum, turn.share, add);
    }
  }

  /// What all shares bring to a meeting, one after the other along the first dimension; what was
  /// brought itself where no shares are at work.
  ///
  /// Waits for all of them. They must come to their meetings in the same order.
  ///
  /// @param mine `[T_share, ...]` each, the same number of tensors from every share
  public static List<Tensor> joined(List<Tensor> mine) {
    var turn = TURN.get();
    return turn == null ? mine : turn.meeting.joined(turn.share, mine);
  }

  /// Some rows of the sum of what all shares bring to a meeting, added in the order of the shares.
  ///
  /// @param mine `[T, ...]`, of the same shape from every share
  /// @param from first of the rows that this share wants
  /// @param count of them
  public static Tensor sum(Tensor mine, long from, long count) {
    var turn = TURN.get();
    return turn == null
        ? mine.narrow(0, from, count)
        : turn.meeting.sum(turn.share, mine, from, count);
  }

  /// Frees what the threads have made and ends them; idempotent.
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (!steps.isEmpty()) {
        each(share -> {
          steps.get(share).close();
          return share;
        });
      }
      threads.forEach(ExecutorService::close);
    }
  }
}
