package io.alidade.store;

import io.alidade.store.SafetensorsFile.Entry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Writes safetensors files, streaming: one tensor's bytes at a time, atomically.
///
/// Tensors are laid out as the reference implementation does, by element type from wide to narrow,
/// then by name, so that the same tensors give the same bytes. Metadata is sorted by key, where the
/// reference's order is arbitrary.
public final class SafetensorsWriter {
  /// What the Hugging Face libraries expect to find in a checkpoint.
  public static final Map<String, String> PT = Map.of("format", "pt");

  private static final long CHUNK = 1 << 28;
  private static final long COPY = 1 << 20;

  private SafetensorsWriter() {}

  /// Takes a tensor's bytes, in one piece or several in order.
  @FunctionalInterface
  public interface Sink {
    /// Appends bytes; they are written when this returns, and their memory may then be released.
    void write(MemorySegment bytes) throws IOException;
  }

  /// Gives a tensor's bytes when its turn comes, so that only one needs to be in memory.
  @FunctionalInterface
  public interface Content {
    /// Writes all bytes, little-endian, rows first.
    void to(Sink sink) throws IOException;
  }

  /// A tensor to write.
  ///
  /// @param dtype element type
  /// @param shape extents, each at least 0; empty for a scalar
  /// @param content gives exactly as many bytes as shape and dtype imply
  @SuppressWarnings("ArrayRecordComponent") // libtorch gives shapes as long[]; never compared
  public record Source(Dtype dtype, long[] shape, Content content) {
    /// A tensor whose bytes are at hand.
    public static Source of(Dtype dtype, long[] shape, MemorySegment bytes) {
      return new Source(dtype, shape, sink -> sink.write(bytes));
    }

    /// A tensor copied from another file, which must stay open until it is written.
    public static Source of(SafetensorsFile file, String name) {
      var entry = file.entry(name);
      return of(entry.dtype(), entry.shape(), file.bytes(name));
    }

    /// Number of bytes.
    public long size() {
      return SafetensorsHeader.size("tensor", dtype, shape);
    }
  }

  /// Writes one file, replacing what was there when all is on the disk.
  ///
  /// @param metadata strings for `__metadata__`, usually [#PT]
  public static void write(Path file, Map<String, Source> tensors, Map<String, String> metadata) {
    var sorted = sorted(tensors);
    var header = layout(sorted, metadata);
    AtomicFiles.channel(
        file,
        channel -> {
          var head = header.render();
          writeAll(
              channel,
              ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(head.length).flip());
          writeAll(channel, ByteBuffer.wrap(head));
          long start = channel.position();
          var entries = header.entries().values().iterator();
          for (var tensor : sorted) {
            var entry = entries.next();
            tensor.getValue().content().to(bytes -> append(channel, bytes));
            long written = channel.position() - start;
            if (written != entry.end()) {
              throw new IllegalStateException(
                  "tensor %s wrote %d bytes, its shape %s of %s takes %d"
                      .formatted(
                          entry.name(),
                          written - entry.begin(),
                          Arrays.toString(entry.shape()),
                          entry.dtype(),
                          entry.size()));
            }
          }
        });
  }

  private static List<Map.Entry<String, Source>> sorted(Map<String, Source> tensors) {
    return tensors.entrySet().stream()
        .sorted(
            Comparator.comparing((Map.Entry<String, Source> tensor) -> tensor.getValue().dtype())
                .reversed()
                .thenComparing(
                    tensor -> tensor.getKey().getBytes(StandardCharsets.UTF_8),
                    Arrays::compareUnsigned))
        .toList();
  }

  private static SafetensorsHeader layout(
      List<Map.Entry<String, Source>> sorted, Map<String, String> metadata) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    long at = 0;
    for (var tensor : sorted) {
      if (tensor.getKey().equals(SafetensorsHeader.METADATA)) {
        throw new IllegalStateException("no tensor may be called __metadata__");
      }
      var source = tensor.getValue();
      long end = Math.addExact(at, source.size());
      entries.put(
          tensor.getKey(), new Entry(tensor.getKey(), source.dtype(), source.shape(), at, end));
      at = end;
    }
    return new SafetensorsHeader(entries, new TreeMap<>(metadata));
  }

  /// Byte buffers end at 2 GiB, so large segments go in chunks; only native memory and byte arrays
  /// can be seen as a buffer, other arrays are copied.
  private static void append(FileChannel channel, MemorySegment bytes) throws IOException {
    boolean direct = bytes.heapBase().map(base -> base instanceof byte[]).orElse(true);
    long chunk = direct ? CHUNK : COPY;
    for (long at = 0; at < bytes.byteSize(); at += chunk) {
      var piece = bytes.asSlice(at, Math.min(chunk, bytes.byteSize() - at));
      writeAll(
          channel,
          direct ? piece.asByteBuffer() : ByteBuffer.wrap(piece.toArray(ValueLayout.JAVA_BYTE)));
    }
  }

  private static void writeAll(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
