package io.alidade.tensor;

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Threads that help with the parts of pieces of work that last a tenth of a millisecond.
///
/// Parts are taken, not given: whoever is free takes the next one. So a helper that the system has
/// not woken yet holds up nobody, and who computes a part makes no difference to it. Helpers look
/// for more work for as long as what lies between two products of a drawn token takes, and sleep
/// then.
public final class Crew {
  /// Longer than most of what lies between two products.
  private static final long LOOKING_NANOS = 100_000;

  private static final int LOOKS = 64; // between two looks at the clock

  private static final ReentrantLock IN_USE = new ReentrantLock();
  private static Helper[] helpers = {};
  private static volatile @Nullable Job current;

  private Crew() {}

  /// Does each part of a piece of work once, on this thread and on those that help. Returns when
  /// all are done.
  ///
  /// @param parts how many there are, numbered from 0
  /// @param work a part, independent of the others, without a graph; its operations use one thread.
  ///   What native objects it makes are to be freed by a step of its own
  public static void each(int parts, IntConsumer work) {
    int threads = Math.min(parts, Natives.threads());
    // Another piece of work may have the helpers, or this may be a part of one.
    if (threads < 2 || IN_USE.isHeldByCurrentThread() || !IN_USE.tryLock()) {
      Natives.alone(() -> IntStream.range(0, parts).forEach(work));
      return;
    }
    try {
      hire(threads - 1);
      var job = new Job(parts, work);
      current = job;
      for (int i = 0; i < threads - 1; i++) {
        helpers[i].wake();
      }
      Natives.alone(job::take);
      job.await();
    } finally {
      current = null;
      IN_USE.unlock();
    }
  }

  private static void hire(int count) {
    if (helpers.length < count) {
      int before = Natives.threads();
      var more = Arrays.copyOf(helpers, count);
      for (int i = helpers.length; i < count; i++) {
        more[i] = new Helper();
        more[i].start();
        more[i].ready();
      }
      helpers = more;
      torch.set_num_threads(before); // of threads yet to come, which the helper has changed
    }
  }

  private static final class Job {
    private final int parts;
    private final IntConsumer work;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private volatile @Nullable Throwable failed;

    Job(int parts, IntConsumer work) {
      this.parts = parts;
      this.work = work;
    }

    void take() {
      for (int part = next.getAndIncrement(); part < parts; part = next.getAndIncrement()) {
        try {
          work.accept(part);
        } catch (RuntimeException | Error e) {
          failed = e;
        } finally {
          done.incrementAndGet();
        }
      }
    }

    void await() {
      for (int looks = 0; done.get() < parts; looks++) {
        if (looks < 100 * LOOKS) {
          Thread.onSpinWait();
        } else {
          LockSupport.parkNanos(this, 20_000); // the helper has lost its processor in the middle
        }
      }
      if (failed instanceof Error e) {
        throw e;
      }
      if (failed instanceof RuntimeException e) {
        throw e;
      }
    }
  }

  private static final class Helper extends Thread {
    private final CountDownLatch begun = new CountDownLatch(1);
    private volatile boolean asleep;

    Helper() {
      super("alidade-crew");
      setDaemon(true);
    }

    void ready() {
      boolean interrupted = false;
      while (begun.getCount() > 0) {
        try {
          begun.await();
        } catch (InterruptedException _) {
          interrupted = true; // it begins soon
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    void wake() {
      if (asleep) {
        LockSupport.unpark(this);
      }
    }

    @Override
    public void run() {
      Natives.threads(); // asked once, lest the setting below be undone when it first is
      torch.set_num_threads(1); // of operations of this thread
      begun.countDown();
      Job last = null;
      while (true) {
        last = awaitNext(last);
        last.take();
      }
    }

    private Job awaitNext(@Nullable Job last) {
      long until = System.nanoTime() + LOOKING_NANOS;
      for (int looks = 1; ; looks++) {
        var job = current;
        if (job != null && job != last) {
          return job;
        }
        Thread.onSpinWait();
        if (looks % LOOKS == 0 && System.nanoTime() > until) {
          asleep = true;
          job = current;
          if (job == null || job == last) {
            LockSupport.park(this);
          }
          asleep = false;
          until = System.nanoTime() + LOOKING_NANOS;
        }
      }
    }
  }
}
