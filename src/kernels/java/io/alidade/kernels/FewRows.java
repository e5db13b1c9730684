package io.alidade.kernels;

import io.alidade.tensor.Grad;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Reordered;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// Products of few rows with many weights in turn, so that each comes from memory: what a drawn
/// token waits for. 64 weights of 1536 × 576 are 216 MiB.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class FewRows {
  private static final int WEIGHTS = 64;

  @Param({"1", "8", "32"})
  public int rows;

  @Param({"1", "2"})
  public int threads;

  private final List<Tensor> weights = new ArrayList<>();
  private final List<Reordered> reordered = new ArrayList<>();
  private Tensor x;
  private int next;

  @Setup(Level.Trial)
  public void fill() {
    Natives.threads(threads);
    var random = new Rng(0);
    for (int i = 0; i < WEIGHTS; i++) {
      weights.add(random.normal(1536, 576));
      reordered.add(Reordered.of(weights.get(i)));
    }
    x = random.normal(rows, 576);
  }

  /// `x Wᵀ` by the general product.
  @Benchmark
  public long general() {
    try (var _ = new Step()) {
      return Grad.off(() -> x.mm(weights.get(turn()).t()).numel());
    }
  }

  /// `(W xᵀ)ᵀ` by the general product.
  @Benchmark
  public long weightsToTheLeft() {
    try (var _ = new Step()) {
      return Grad.off(
          () -> weights.get(turn()).matmul(x.t().contiguous()).t().contiguous().numel());
    }
  }

  /// The same with weights in the order of the product.
  @Benchmark
  public long reordered() {
    try (var _ = new Step()) {
      return Grad.off(() -> reordered.get(turn()).times(x).numel());
    }
  }

  private int turn() {
    next = (next + 1) % WEIGHTS;
    return next;
  }

  @TearDown(Level.Trial)
  public void free() {
    reordered.forEach(Reordered::close);
    weights.forEach(Tensor::close);
    x.close();
  }
}
