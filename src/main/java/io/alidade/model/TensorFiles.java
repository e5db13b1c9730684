package io.alidade.model;

import io.alidade.store.Dtype;
import io.alidade.store.SafetensorsFile;
import io.alidade.store.SafetensorsWriter;
import io.alidade.tensor.Ops;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Tensors to and from safetensors files, by name, bit for bit.
public final class TensorFiles {
  private TensorFiles() {}

  /// Writes tensors into one file, replacing it as a whole.
  ///
  /// @throws io.alidade.UserException if it cannot be written
  public static void write(Path file, Map<String, Tensor> tensors) {
    var sources = new LinkedHashMap<String, SafetensorsWriter.Source>();
    tensors.forEach((name, tensor) -> sources.put(name, source(tensor)));
    SafetensorsWriter.write(file, sources, SafetensorsWriter.PT);
  }

  /// A tensor as a writer takes it; valid while the current step is open.
  public static SafetensorsWriter.Source source(Tensor tensor) {
    var plain = tensor.detach().cpu().contiguous();
    return SafetensorsWriter.Source.of(
        dtype(plain.scalar_type()), Ops.shape(plain), Ops.memory(plain));
  }

  /// Reads every tensor of a file into memory of its own, owned by the current step.
  ///
  /// @throws io.alidade.UserException if there is no such file, or it is not whole
  public static SequencedMap<String, Tensor> read(Path file) {
    try (var open = SafetensorsFile.open(file)) {
      var tensors = new LinkedHashMap<String, Tensor>();
      for (var entry : open.entries()) {
        var tensor = Ops.empty(type(entry.dtype()), entry.shape());
        Ops.memory(tensor).copyFrom(open.bytes(entry.name()));
        tensors.put(entry.name(), tensor);
      }
      return tensors;
    }
  }

  /// The tensor type that holds the numbers of a file's type without loss.
  public static ScalarType type(Dtype dtype) {
    return switch (dtype) {
      case F64 -> ScalarType.Double;
      case F32 -> ScalarType.Float;
      case F16 -> ScalarType.Half;
      case BF16 -> ScalarType.BFloat16;
      case I64 -> ScalarType.Long;
      case I32 -> ScalarType.Int;
      case I16 -> ScalarType.Short;
      case I8 -> ScalarType.Char;
      case U8 -> ScalarType.Byte;
      case BOOL -> ScalarType.Bool;
    };
  }

  /// The file's type for a tensor type.
  ///
  /// @throws IllegalStateException for types that files do not hold
  public static Dtype dtype(ScalarType type) {
    for (var dtype : Dtype.values()) {
      if (type(dtype) == type.intern()) {
        return dtype;
      }
    }
    throw new IllegalStateException("no file type for tensors of type " + type);
  }
}
