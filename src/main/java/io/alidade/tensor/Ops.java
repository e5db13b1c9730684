package io.alidade.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Small operations that keep equations readable, and the traffic of numbers between Java and
/// tensors.
public final class Ops {
  private Ops() {}

  /// A number as an argument of a native function.
  public static Scalar scalar(double value) {
    return new Scalar(value);
  }

  /// `x * factor`, element-wise.
  public static Tensor times(Tensor x, double factor) {
    return x.mul(new Scalar(factor));
  }

  /// `x + term`, element-wise.
  public static Tensor plus(Tensor x, double term) {
    return x.add(new Scalar(term));
  }

  /// `max(x, bound)`, element-wise.
  public static Tensor atLeast(Tensor x, double bound) {
    return x.clamp_min(new Scalar(bound));
  }

  /// `min(x, bound)`, element-wise.
  public static Tensor atMost(Tensor x, double bound) {
    return x.clamp_max(new Scalar(bound));
  }

  /// `log(1 - exp(x))` for `x < 0`, in the form that loses no digits on either side of `-ln 2`.
  public static Tensor log1mExp(Tensor x) {
    // Where x is near 0 the first form cancels; where x is far from 0 the second would take log of
    // a rounded 1. Each form sees only its own side: the gradient of a branch that is not taken is
    // multiplied by 0, and must therefore be finite.
    double split = -Math.log(2);
    var far = atMost(x, split).exp().neg().log1p();
    var near = atLeast(x, split).expm1().neg().log();
    return torch.where(x.lt(new Scalar(split)), far, near);
  }

  /// Concatenation along `dimension`.
  public static Tensor concatenate(List<Tensor> parts, long dimension) {
    return parts.size() == 1
        ? parts.getFirst()
        : torch.cat(new TensorVector(parts.toArray(Tensor[]::new)), dimension);
  }

  /// A new first dimension over tensors of one shape.
  public static Tensor stack(List<Tensor> parts) {
    return torch.stack(new TensorVector(parts.toArray(Tensor[]::new)), 0);
  }

  /// Zeros of a shape and type.
  public static Tensor zeros(ScalarType type, long... shape) {
    Natives.load();
    return torch.zeros(shape, new TensorOptions(type));
  }

  /// Uninitialised memory of a shape and type.
  public static Tensor empty(ScalarType type, long... shape) {
    Natives.load();
    return torch.empty(
        shape, new TensorOptions(type), new org.bytedeco.pytorch.MemoryFormatOptional());
  }

  /// A float64 tensor with these values, row by row; as many as the shape holds.
  public static Tensor doubles(double[] values, long... shape) {
    var tensor = empty(ScalarType.Double, shape);
    memory(tensor).copyFrom(MemorySegment.ofArray(values));
    return tensor;
  }

  /// A float32 tensor with these values, row by row.
  public static Tensor floats(float[] values, long... shape) {
    var tensor = empty(ScalarType.Float, shape);
    memory(tensor).copyFrom(MemorySegment.ofArray(values));
    return tensor;
  }

  /// An int64 tensor with these values, row by row.
  public static Tensor longs(long[] values, long... shape) {
    var tensor = empty(ScalarType.Long, shape);
    memory(tensor).copyFrom(MemorySegment.ofArray(values));
    return tensor;
  }

  /// The largest numbers of each row, the largest first.
  ///
  /// @param values `[R, K]`
  /// @param places where in the row they stand, `[R, K]` int64
  public record Largest(Tensor values, Tensor places) {}

  /// The largest numbers of each row of a matrix, without sorting the row.
  ///
  /// @param count K, at most the length of a row
  public static Largest largest(Tensor rows, int count) {
    var pair = torch.topk(rows, count, 1, /* largest= */ true, /* sorted= */ true);
    return new Largest(new Tensor(pair.get0()), new Tensor(pair.get1())); // they were aliases
  }

  /// An int64 vector of indices.
  public static Tensor indices(int[] values) {
    var wide = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return longs(wide, values.length);
  }

  /// A boolean tensor with these values, row by row.
  public static Tensor booleans(boolean[] values, long... shape) {
    var tensor = empty(ScalarType.Bool, shape);
    var memory = memory(tensor);
    for (int i = 0; i < values.length; i++) {
      memory.set(ValueLayout.JAVA_BYTE, i, values[i] ? (byte) 1 : 0);
    }
    return tensor;
  }

  /// A uint8 vector with these bytes.
  public static Tensor bytes(byte[] values) {
    var tensor = empty(ScalarType.Byte, values.length);
    memory(tensor).copyFrom(MemorySegment.ofArray(values));
    return tensor;
  }

  /// The values of any real tensor as doubles, row by row.
  public static double[] toDoubles(Tensor tensor) {
    try (var _ = new Step()) {
      var plain = plain(tensor, ScalarType.Double);
      return memory(plain).toArray(ValueLayout.JAVA_DOUBLE);
    }
  }

  /// The values of any real tensor as floats, row by row.
  public static float[] toFloats(Tensor tensor) {
    try (var _ = new Step()) {
      var plain = plain(tensor, ScalarType.Float);
      return memory(plain).toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  /// The values of an integer tensor as longs, row by row.
  public static long[] toLongs(Tensor tensor) {
    try (var _ = new Step()) {
      var plain = plain(tensor, ScalarType.Long);
      return memory(plain).toArray(ValueLayout.JAVA_LONG);
    }
  }

  /// The bytes of a uint8 tensor.
  public static byte[] bytes(Tensor tensor) {
    try (var _ = new Step()) {
      return memory(plain(tensor, ScalarType.Byte)).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /// The one value of a one-element tensor.
  public static double number(Tensor tensor) {
    return toDoubles(tensor)[0];
  }

  private static Tensor plain(Tensor tensor, ScalarType type) {
    return tensor.detach().cpu().to(type).contiguous();
  }

  /// The memory of a contiguous CPU tensor, valid as long as the tensor is. For reading and filling
  /// whole tensors without a copy.
  ///
  /// @throws IllegalStateException if the tensor is not contiguous or not in main memory
  @SuppressWarnings("restricted") // the address and size come from the tensor itself
  public static MemorySegment memory(Tensor tensor) {
    if (!tensor.is_contiguous() || !tensor.is_cpu()) {
      throw new IllegalStateException("memory of a tensor that is not contiguous in main memory");
    }
    if (tensor.numel() == 0) {
      return MemorySegment.NULL; // an empty tensor has no address
    }
    return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
  }

  /// The element type, as a constant that may be compared with `==`. The one that a tensor itself
  /// returns is another object.
  public static ScalarType type(Tensor tensor) {
    return tensor.scalar_type().intern();
  }

  /// The shape as a Java array.
  public static long[] shape(Tensor tensor) {
    var shape = new long[(int) tensor.dim()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = tensor.size(i);
    }
    return shape;
  }
}
