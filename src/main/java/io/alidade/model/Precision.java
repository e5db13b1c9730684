package io.alidade.model;

import io.alidade.UserException;
import io.alidade.store.Dtype;
import java.util.Locale;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// What weights and hidden states are kept in. Norms, softmaxes and likelihoods are computed in
/// float32 at least, whatever this is.
public enum Precision {
  /// 32 bits.
  FLOAT32(ScalarType.Float, Dtype.F32),
  /// 16 bits with the range of float32.
  BFLOAT16(ScalarType.BFloat16, Dtype.BF16),
  /// 16 bits with a small range; for files more than for training.
  FLOAT16(ScalarType.Half, Dtype.F16),
  /// 64 bits; for checking gradients.
  FLOAT64(ScalarType.Double, Dtype.F64);

  private final ScalarType type;
  private final Dtype dtype;

  Precision(ScalarType type, Dtype dtype) {
    this.type = type;
    this.dtype = dtype;
  }

  /// A precision by its name in recipes and in `config.json`: `float32`, `bfloat16`, ….
  public static Precision of(String name) {
    for (var precision : values()) {
      if (precision.toString().equals(name)) {
        return precision;
      }
    }
    throw new UserException(
        "unknown precision '%s'; known: float32, bfloat16, float16, float64".formatted(name));
  }

  /// As libtorch calls it.
  public ScalarType type() {
    return type;
  }

  /// As safetensors calls it.
  public Dtype dtype() {
    return dtype;
  }

  /// What statistics and likelihoods are computed in: float64 for float64, else float32.
  ScalarType wide() {
    return this == FLOAT64 ? ScalarType.Double : ScalarType.Float;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
