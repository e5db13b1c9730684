package io.alidade.kernels;

import io.alidade.tensor.Fused;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
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

/// An update of AdamW of four million weights: the library's one pass over memory against the same
/// equations as operations one after the other.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class Update {
  private static final long WEIGHTS = 4L << 20;

  @Param({"1", "2"})
  public int threads;

  private Tensor weight;
  private Tensor gradient;
  private Tensor first;
  private Tensor second;

  @Setup(Level.Trial)
  public void fill() {
    Natives.threads(threads);
    var random = new Rng(0);
    weight = random.normal(WEIGHTS);
    gradient = random.normal(WEIGHTS);
    first = Ops.zeros(ScalarType.Float, WEIGHTS);
    second = Ops.zeros(ScalarType.Float, WEIGHTS);
  }

  /// One pass.
  @Benchmark
  public void fused() {
    Fused.adamW(weight, gradient, first, second, 100, 1e-6, 0.9, 0.999, 0.01, 1e-8, 1);
  }

  /// One operation after the other, as the equations are written.
  @Benchmark
  public long apart() {
    try (var _ = new Step()) {
      return Grad.off(() -> {
        weight.mul_(new Scalar(1 - 1e-6 * 0.01));
        first.mul_(new Scalar(0.9)).add_(gradient, new Scalar(0.1));
        second.mul_(new Scalar(0.999)).addcmul_(gradient, gradient, new Scalar(0.001));
        var root = second.sqrt().add_(new Scalar(1e-8));
        return weight.addcdiv_(first, root, new Scalar(-1e-6)).numel();
      });
    }
  }

  @TearDown(Level.Trial)
  public void free() {
    weight.close();
    gradient.close();
    first.close();
    second.close();
  }
}
