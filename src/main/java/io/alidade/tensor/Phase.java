package io.alidade.tensor;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/// Parts of a training step, and how long the process has spent in each. Counting costs two looks
/// at a clock a part, so it is always on; a benchmark takes differences.
///
/// A part inside of another belongs to the outer one: what a reference computes is reference,
/// whatever it is made of.
public enum Phase {
  /// Fetching and encoding rows.
  DATA,
  /// Log-likelihoods of the reference.
  REFERENCE,
  /// Layers of the policy, forward: of prompts and completions together, as they are packed.
  FORWARD,
  /// Vocabulary: logits and what is read from them.
  PROJECTION,
  /// Vocabulary, backward.
  PROJECTION_BACKWARD,
  /// Layers of the policy, backward.
  BACKWARD,
  /// Norm of the gradient and the update.
  OPTIMIZER;

  private static final ThreadLocal<Boolean> INSIDE = ThreadLocal.withInitial(() -> false);

  @SuppressWarnings("ImmutableEnumChecker") // a counter is what a part of the work is for
  private final LongAdder nanoseconds = new LongAdder();

  /// A part that is being done; closing it ends it.
  public static final class Span implements AutoCloseable {
    private final Phase phase;
    private final boolean outer;
    private final long start = System.nanoTime();

    private Span(Phase phase) {
      this.phase = phase;
      outer = !INSIDE.get();
      INSIDE.set(true);
    }

    @Override
    public void close() {
      if (outer) {
        phase.nanoseconds.add(System.nanoTime() - start);
        INSIDE.set(false);
      }
    }
  }

  /// Whether a part is being done on the current thread.
  static boolean inside() {
    return INSIDE.get();
  }

  /// Says so, or not, until the result is closed: what is done inside of a part counts for none.
  static Quiet inside(boolean inside) {
    var quiet = new Quiet(INSIDE.get());
    INSIDE.set(inside);
    return quiet;
  }

  /// Ends what [#inside(boolean)] began.
  record Quiet(boolean before) implements AutoCloseable {
    @Override
    public void close() {
      INSIDE.set(before);
    }
  }

  /// Begins this part on the current thread.
  public Span begin() {
    return new Span(this);
  }

  /// Seconds spent in each part since the process began.
  public static Map<Phase, Double> seconds() {
    var all = new EnumMap<Phase, Double>(Phase.class);
    for (var phase : values()) {
      all.put(phase, phase.nanoseconds.sum() / 1e9);
    }
    return all;
  }
}
