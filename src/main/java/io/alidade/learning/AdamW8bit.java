package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// AdamW with moments of eight bits a number instead of thirty-two (Dettmers et al. 2022,
/// arXiv:2110.02861).
///
/// A step reads the moments of a block, updates them and the weights in float32 as [AdamW] does,
/// and writes them back as codes, see [EightBits]. Two bytes a weight instead of eight; the path of
/// training stays close to that of AdamW and is not the same.
///
/// Tensors of fewer than 4096 numbers (norms, biases) keep float32 moments, as in the paper's code.
///
/// @param learningRate peak rate, in `[0, 1e30]`
/// @param beta1 decay of the first moment, in `[0, 1)`
/// @param beta2 decay of the second moment, in `[0, 1)`
/// @param epsilon added to the root of the second moment, in `(0, 1]`
/// @param weightDecay decoupled decay per unit of rate, in `[0, 1e6]`
/// @param maxGradNorm the gradient of a step is scaled down to this norm, in `(0, 1e30]`
/// @param block numbers that share a scale, at least 16; 2048 in the paper, 256 in its later code
public record AdamW8bit(
    double learningRate,
    @Default("0.9") double beta1,
    @Default("0.999") double beta2,
    @Default("1.0e-8") double epsilon,
    @Default("0.0") double weightDecay,
    @Default("1.0") double maxGradNorm,
    @Default("256") int block)
    implements Optimizer {
  /// Numbers below which moments are not shortened.
  private static final long SHORT = 4096;

  /// Blocks that a thread takes at a time.
  private static final int TASK = 64;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /// Checks the ranges.
  public AdamW8bit {
    AdamRanges.check(learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm);
    Check.atLeast("block", 16, block);
  }

  @Override
  public Updater open(SequencedMap<String, Tensor> parameters) {
    return new Moments(this, parameters);
  }

  /// A moment of a parameter: codes `[numbers]` and the largest of each block, or float32 numbers
  /// and nothing.
  private record Moment(Owned numbers, Owned largest, EightBits codes, boolean shortened)
      implements AutoCloseable {
    static Moment of(long count, int block, EightBits codes) {
      boolean shortened = count >= SHORT;
      var numbers = Ops.zeros(shortened ? ScalarType.Byte : ScalarType.Float, count);
      if (shortened) {
        numbers.fill_(Ops.scalar(codes.code(0) & 0xFF));
      }
      return new Moment(
          Owned.keep(numbers),
          Owned.keep(Ops.zeros(ScalarType.Float, shortened ? Math.ceilDiv(count, block) : 0)),
          codes,
          shortened);
    }

    void put(String name, SequencedMap<String, Tensor> state) {
      state.put(name, numbers.tensor());
      if (shortened) {
        state.put(name + ".absmax", largest.tensor());
      }
    }

    @Override
    public void close() {
      numbers.close();
      largest.close();
    }
  }

  /// Where a moment lies.
  private record Memory(Moment of, MemorySegment numbers, MemorySegment largest) {
    static Memory of(Moment moment) {
      return new Memory(
          moment, Ops.memory(moment.numbers.tensor()), Ops.memory(moment.largest.tensor()));
    }
  }

  private record Slot(String name, Tensor weight, Moment first, Moment second, Owned master) {
    boolean low() {
      return Ops.type(weight) != ScalarType.Float;
    }
  }

  /// What one update multiplies by; see [AdamW].
  private record Factors(
      float beta1, float beta2, float step, float root, float epsilon, float keep, float scale) {}

  private static final class Moments implements Updater {
    private final AdamW8bit constants;
    private final List<Slot> slots = new ArrayList<>();
    private final ForkJoinPool threads = new ForkJoinPool(Math.max(1, Natives.threads()));
    private long steps;

    Moments(AdamW8bit constants, SequencedMap<String, Tensor> parameters) {
      this.constants = constants;
      try (var _ = new Step()) {
        parameters.forEach((name, weight) -> {
          if (Ops.type(weight) == ScalarType.Double || !weight.is_contiguous()) {
            throw new UserException(
                "AdamW8bit trains weights of at most float32; use AdamW for float64");
          }
          var plain = weight.detach();
          slots.add(
              new Slot(
                  name,
                  weight,
                  Moment.of(weight.numel(), constants.block, EightBits.SIGNED),
                  Moment.of(weight.numel(), constants.block, EightBits.UNSIGNED),
                  Owned.keep(plain.to(ScalarType.Float))));
        });
      }
    }

    @Override
    public double update(double learningRate) {
      AdamRanges.check(learningRate, constants.beta1, constants.weightDecay, steps + 1);
      return Grad.off(() -> {
        double norm = Grad.norm(slots.stream().map(Slot::weight).toList());
        if (!Double.isFinite(norm)) {
          return norm;
        }
        steps++;
        double scale = Math.min(1, constants.maxGradNorm / (norm + 1e-6)); // as AdamW
        for (var slot : slots) {
          if (Grad.has(slot.weight)) {
            try (var _ = new Step()) {
              update(slot, learningRate, scale);
            }
            Grad.clear(slot.weight);
          }
        }
        return norm;
      });
    }

    private void update(Slot slot, double rate, double scale) {
      var master = slot.master.tensor();
      var gradient = Grad.gathered(slot.weight).to(ScalarType.Float).contiguous();
      double decay = slot.weight.dim() >= 2 ? constants.weightDecay : 0;
      var factors =
          new Factors(
              (float) constants.beta1,
              (float) constants.beta2,
              (float) (rate / (1 - Math.pow(constants.beta1, (double) steps))),
              (float) (1 / Math.sqrt(1 - Math.pow(constants.beta2, (double) steps))),
              (float) constants.epsilon,
              (float) (1 - rate * decay),
              (float) scale);
      long count = master.numel();
      int blocks = Math.toIntExact(Math.ceilDiv(count, (long) constants.block));
      var weights = Ops.memory(master);
      var gradients = Ops.memory(gradient);
      threads
          .submit(() ->
              IntStream.range(0, Math.ceilDiv(blocks, TASK))
                  .parallel()
                  .forEach(task -> {
                    var worker = new Blocks(slot, weights, gradients, constants.block, factors);
                    for (int b = task * TASK; b < Math.min(blocks, (task + 1) * TASK); b++) {
                      worker.update(b, count);
                    }
                  }))
          .join();
      if (slot.low()) {
        slot.weight.detach().copy_(master);
      }
    }

    @Override
    public SequencedMap<String, Tensor> state() {
      var state = new LinkedHashMap<String, Tensor>();
      state.put("steps", Ops.longs(new long[] {steps}, 1));
      for (var slot : slots) {
        slot.first.put(slot.name + ".exp_avg", state);
        slot.second.put(slot.name + ".exp_avg_sq", state);
        if (slot.low()) {
          state.put(slot.name + ".master", slot.master.tensor());
        }
      }
      return state;
    }

    @Override
    public void restore(Map<String, Tensor> state) {
      Grad.off(() -> {
        var own = state();
        Optimizer.copy(state, own);
        steps = Ops.toLongs(Objects.requireNonNull(own.get("steps")))[0];
        return steps;
      });
    }

    @Override
    public void close() {
      threads.close();
      for (var slot : slots) {
        slot.first.close();
        slot.second.close();
        slot.master.close();
      }
    }
  }

  /// Updates blocks of a parameter, one after the other.
  private static final class Blocks {
    private final Memory first;
    private final Memory second;
    private final MemorySegment weights;
    private final MemorySegment gradients;
    private final int size;
    private final Factors f;
    private final float[] m;
    private final float[] v;
    private final float[] g;
    private final float[] w;
    private final byte[] codes;

    Blocks(Slot slot, MemorySegment weights, MemorySegment gradients, int size, Factors factors) {
      first = Memory.of(slot.first);
      second = Memory.of(slot.second);
      this.weights = weights;
      this.gradients = gradients;
      this.size = size;
      f = factors;
      m = new float[size];
      v = new float[size];
      g = new float[size];
      w = new float[size];
      codes = new byte[size];
    }

    void update(int block, long all) {
      long from = (long) block * size;
      int count = (int) Math.min(size, all - from);
      read(first, block, from, count, m);
      read(second, block, from, count, v);
      MemorySegment.copy(gradients, FLOAT, from * Float.BYTES, g, 0, count);
      MemorySegment.copy(weights, FLOAT, from * Float.BYTES, w, 0, count);
      step(count);
      MemorySegment.copy(w, 0, weights, FLOAT, from * Float.BYTES, count);
      write(first, block, from, count, m);
      write(second, block, from, count, v);
    }

    /// Plain loops over arrays, which the JVM turns into vector instructions.
    private void step(int count) {
      float beta1 = f.beta1;
      float beta2 = f.beta2;
      float scale = f.scale;
      for (int i = 0; i < count; i++) {
        float gradient = g[i] * scale;
        m[i] = beta1 * m[i] + (1 - beta1) * gradient;
        v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
      }
      float size = f.step;
      float root = f.root;
      float epsilon = f.epsilon;
      float keep = f.keep;
      for (int i = 0; i < count; i++) {
        w[i] = w[i] * keep - size * m[i] / ((float) Math.sqrt(v[i]) * root + epsilon);
      }
    }

    private void read(Memory moment, int block, long from, int count, float[] into) {
      if (moment.of.shortened) {
        MemorySegment.copy(moment.numbers, ValueLayout.JAVA_BYTE, from, codes, 0, count);
        moment.of.codes.read(codes, count, moment.largest.getAtIndex(FLOAT, block), into);
      } else {
        MemorySegment.copy(moment.numbers, FLOAT, from * Float.BYTES, into, 0, count);
      }
    }

    private void write(Memory moment, int block, long from, int count, float[] values) {
      if (moment.of.shortened) {
        float largest = moment.of.codes.write(values, count, codes);
        MemorySegment.copy(codes, 0, moment.numbers, ValueLayout.JAVA_BYTE, from, count);
        moment.largest.setAtIndex(FLOAT, block, largest);
      } else {
        MemorySegment.copy(values, 0, moment.numbers, FLOAT, from * Float.BYTES, count);
      }
    }
  }
}
