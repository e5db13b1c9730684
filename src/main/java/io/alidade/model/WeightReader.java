package io.alidade.model;

import io.alidade.UserException;
import io.alidade.store.Dtype;
import io.alidade.store.WeightFiles;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Reads weights from disk straight into the memory of their tensors, so that a model takes no more
/// memory while it loads than afterwards. Files are checked by [WeightFiles] first; their mapping
/// is not touched here, since mapped pages count as resident.
final class WeightReader implements AutoCloseable {
  /// Elements that are converted at a time, where file and tensor differ in type.
  private static final int PIECE = 1 << 18;

  /// Bytes that one read asks for at most.
  private static final long READ = 1 << 28;

  private final WeightFiles files;
  private final Map<Path, FileChannel> channels = new HashMap<>();

  /// One piece a type for all tensors: allocated anew between them, pieces leave holes that add up
  /// to a third of the weights.
  private final Map<ScalarType, Owned> pieces = new EnumMap<>(ScalarType.class);

  WeightReader(WeightFiles files) {
    this.files = files;
  }

  /// A tensor of the files in the given type, owned by the current step.
  Tensor read(String name, ScalarType type) {
    var entry = files.entry(name);
    var file = files.fileOf(name);
    var stored = type(file, name, entry.dtype());
    var tensor = Ops.empty(type, entry.shape());
    try {
      var channel = channel(file);
      long start = dataStart(channel) + entry.begin();
      if (stored == type) {
        fill(channel, start, Ops.memory(tensor));
      } else {
        convert(channel, start, stored, entry.dtype().bytes(), tensor);
      }
    } catch (IOException failure) {
      throw new UserException(
          "%s: tensor '%s' could not be read: %s".formatted(file, name, failure.getMessage()),
          failure);
    }
    return tensor;
  }

  private void convert(FileChannel channel, long start, ScalarType stored, int bytes, Tensor into)
      throws IOException {
    var piece = pieces.computeIfAbsent(stored, WeightReader::piece).tensor();
    try (var _ = new Step()) {
      var flat = into.view(-1);
      long count = flat.numel();
      for (long at = 0; at < count; at += PIECE) {
        long length = Math.min(PIECE, count - at);
        fill(channel, start + at * bytes, Ops.memory(piece).asSlice(0, length * bytes));
        flat.narrow(0, at, length).copy_(piece.narrow(0, 0, length));
      }
    }
  }

  private static Owned piece(ScalarType type) {
    try (var _ = new Step()) {
      return Owned.keep(Ops.empty(type, PIECE));
    }
  }

  private static void fill(FileChannel channel, long position, MemorySegment into)
      throws IOException {
    for (long at = 0; at < into.byteSize(); at += READ) {
      var buffer = into.asSlice(at, Math.min(READ, into.byteSize() - at)).asByteBuffer();
      fill(channel, position + at, buffer);
    }
  }

  private static void fill(FileChannel channel, long position, ByteBuffer buffer)
      throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw new EOFException("the file became shorter");
      }
    }
  }

  private static long dataStart(FileChannel channel) throws IOException {
    var length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    fill(channel, 0, length);
    return Long.BYTES + length.getLong(0);
  }

  private FileChannel channel(Path file) throws IOException {
    var open = channels.get(file);
    if (open == null) {
      open = FileChannel.open(file, StandardOpenOption.READ);
      channels.put(file, open);
    }
    return open;
  }

  private static ScalarType type(Path file, String name, Dtype dtype) {
    return switch (dtype) {
      case F32 -> ScalarType.Float;
      case BF16 -> ScalarType.BFloat16;
      case F16 -> ScalarType.Half;
      case F64 -> ScalarType.Double;
      case BOOL, U8, I8, I16, I32, I64 ->
          throw new UserException(
              "%s: tensor '%s' is of type %s; weights must be F32, BF16, F16 or F64 (quantized checkpoints are not read)"
                  .formatted(file, name, dtype));
    };
  }

  @Override
  public void close() {
    pieces.values().forEach(Owned::close);
    try {
      for (var channel : channels.values()) {
        channel.close();
      }
    } catch (IOException failure) {
      throw new IllegalStateException(failure);
    }
  }
}
