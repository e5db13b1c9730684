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

  private record Pair(
      String name, Tensor weight, BlockMoment first, BlockMoment second, Owned master)
      implements Adam.Slot {
    @Override
    public void put(SequencedMap<String, Tensor> state) {
      first.put(name + ".exp_avg", state);
      second.put(name + ".exp_avg_sq", state);
    }

    @Override
    public void close() {
      first.close();
      second.close();
      master.close();
    }
  }

  /// What one update multiplies by; see [AdamW].
  private record Factors(
      float beta1, float beta2, float step, float root, float epsilon, float keep, float scale) {}

  private static final class Moments extends Adam<Pair> {
    private final AdamW8bit constants;
    private final ForkJoinPool threads = new ForkJoinPool(Math.max(1, Natives.threads()));

    Moments(AdamW8bit constants, SequencedMap<String, Tensor> parameters) {
      super(constants.beta1, constants.weightDecay, constants.maxGradNorm);
      this.constants = constants;
      try (var _ = new Step()) {
        parameters.forEach((name, weight) -> {
          if (Ops.type(weight) == ScalarType.Double || !weight.is_contiguous()) {
            throw new UserException(
                "AdamW8bit trains weights of at most float32; use AdamW for float64");
          }
          add(
              new Pair(
                  name,
                  weight,
                  BlockMoment.of(weight.numel(), constants.block, EightBits.SIGNED),
                  BlockMoment.of(weight.numel(), constants.block, EightBits.UNSIGNED),
                  Owned.keep(weight.detach().to(ScalarType.Float))));
        });
      }
    }

    @Override
    void update(Pair slot, long steps, double rate, double decay, double scale) {
      var master = slot.master.tensor();
      var gradient = Grad.gathered(slot.weight).to(ScalarType.Float).contiguous();
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
    }

    @Override
    public void close() {
      threads.close();
      super.close();
    }
  }

  /// Updates blocks of a parameter, one after the other.
  private static final class Blocks {
    private final BlockMoment.View first;
    private final BlockMoment.View second;
    private final MemorySegment weights;
    private final MemorySegment gradients;
    private final int size;
    private final Factors f;
    private final float[] m;
    private final float[] v;
    private final float[] g;
    private final float[] w;

    Blocks(Pair slot, MemorySegment weights, MemorySegment gradients, int size, Factors factors) {
      first = slot.first.view(size);
      second = slot.second.view(size);
      this.weights = weights;
      this.gradients = gradients;
      this.size = size;
      f = factors;
      m = new float[size];
      v = new float[size];
      g = new float[size];
      w = new float[size];
    }

    void update(int block, long all) {
      long from = (long) block * size;
      int count = (int) Math.min(size, all - from);
      first.read(block, count, m);
      second.read(block, count, v);
      MemorySegment.copy(gradients, FLOAT, from * Float.BYTES, g, 0, count);
      MemorySegment.copy(weights, FLOAT, from * Float.BYTES, w, 0, count);
      step(count);
      MemorySegment.copy(w, 0, weights, FLOAT, from * Float.BYTES, count);
      first.write(block, count, m);
      second.write(block, count, v);
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
  }
}
