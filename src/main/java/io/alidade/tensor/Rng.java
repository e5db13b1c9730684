package io.alidade.tensor;

import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/// A seeded stream of random tensors, independent of every other and of libtorch's process-wide
/// generator. Its state can be saved and restored bit-exactly.
public final class Rng implements AutoCloseable {
  private final Generator generator;

  /// A stream that is a function of `seed` alone.
  public Rng(long seed) {
    Natives.load();
    var made = torch.make_generator_cpu(seed);
    generator = new Generator(made);
    generator.retainReference();
    var scope = org.bytedeco.javacpp.PointerScope.getInnerScope();
    if (scope != null) {
      scope.detach(generator);
    }
  }

  /// Standard normal numbers of the given shape, float32.
  public Tensor normal(long... shape) {
    return torch.randn(shape, new GeneratorOptional(generator), new TensorOptions());
  }

  /// Uniform numbers in `[0, 1)` of the given shape, float32.
  public Tensor uniform(long... shape) {
    return torch.rand(shape, new GeneratorOptional(generator), new TensorOptions());
  }

  /// An inverted-dropout mask: 0 with probability `rate`, else `1 / (1 - rate)`; float32.
  public Tensor dropout(double rate, long... shape) {
    return uniform(shape)
        .ge(new org.bytedeco.pytorch.Scalar(rate))
        .to(torch.ScalarType.Float)
        .div(new org.bytedeco.pytorch.Scalar(1 - rate));
  }

  /// The state, for a checkpoint.
  public byte[] state() {
    try (var _ = new Step()) {
      return Ops.bytes(generator.get_state());
    }
  }

  /// Returns to a state that [#state()] gave.
  public void restore(byte[] state) {
    try (var _ = new Step()) {
      generator.set_state(Ops.bytes(state));
    }
  }

  @Override
  public void close() {
    if (!generator.isNull()) {
      generator.releaseReference();
    }
  }
}
