package io.alidade.store;

import io.alidade.UserException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// A safetensors file, mapped into memory and checked before the first byte of a tensor is seen.
///
/// Layout: 8 bytes header length (little-endian), the header (JSON, UTF-8, at most 100 MB), the
/// data. Files beyond 2 GiB are fine. Nothing is copied: pages are read when touched and can be
/// dropped by the system. Segments are read-only for Java and valid on any thread until [#close].
///
/// The file must not be shortened while it is open. To replace one, rename a new file onto it
/// ([AtomicFiles] does); the mapping then keeps the old content.
public final class SafetensorsFile implements AutoCloseable {
  /// One tensor of the file.
  ///
  /// @param name its name
  /// @param dtype its element type
  /// @param shape its extents, each at least 0; empty for a scalar
  /// @param begin first byte, counted from the start of the data section
  /// @param end one after the last byte
  @SuppressWarnings("ArrayRecordComponent") // libtorch takes shapes as long[]; equality is below
  public record Entry(String name, Dtype dtype, long[] shape, long begin, long end) {
    /// Number of bytes.
    public long size() {
      return end - begin;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Entry that
          && name.equals(that.name)
          && dtype == that.dtype
          && Arrays.equals(shape, that.shape)
          && begin == that.begin
          && end == that.end;
    }

    @Override
    public int hashCode() {
      return name.hashCode() * 31 + Long.hashCode(begin);
    }

    @Override
    public String toString() {
      return "%s %s %s [%d, %d)".formatted(name, dtype, Arrays.toString(shape), begin, end);
    }
  }

  private final Path file;
  private final SafetensorsHeader header;
  private final Arena arena;
  private final MemorySegment data;

  private SafetensorsFile(Path file, SafetensorsHeader header, Arena arena, MemorySegment data) {
    this.file = file;
    this.header = header;
    this.arena = arena;
    this.data = data;
  }

  /// Maps and checks a file.
  ///
  /// @throws UserException if it is unreadable, truncated, damaged or of an unsupported element
  ///   type; the message names file and tensor
  @SuppressWarnings("MustBeClosedChecker") // the arena lives as long as the object returned
  public static SafetensorsFile open(Path file) {
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < 8) {
        throw new UserException(
            file + ": holds " + size + " bytes, too few for a safetensors file; fetch it again");
      }
      long headerLength =
          read(channel, 0, 8).order(ByteOrder.LITTLE_ENDIAN).getLong(0); // unsigned in the format
      if (headerLength < 0 || headerLength > SafetensorsHeader.LIMIT) {
        throw new UserException(
            "%s: claims a header of %s bytes, more than the limit of %d; this is no safetensors file"
                .formatted(file, Long.toUnsignedString(headerLength), SafetensorsHeader.LIMIT));
      }
      if (headerLength > size - 8) {
        throw new UserException(
            "%s: claims a header of %d bytes, but only %d follow; it is truncated, fetch it again"
                .formatted(file, headerLength, size - 8));
      }
      long dataStart = 8 + headerLength;
      var header =
          SafetensorsHeader.parse(
              file.toString(), read(channel, 8, (int) headerLength).array(), size - dataStart);
      var arena = Arena.ofShared();
      try {
        var mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
        return new SafetensorsFile(file, header, arena, mapped.asSlice(dataStart));
      } catch (Throwable failure) {
        arena.close();
        throw failure;
      }
    } catch (IOException failure) {
      throw Reading.failed(file, failure);
    }
  }

  /// The file this reads.
  public Path file() {
    return file;
  }

  /// All tensors, in the order of their data.
  public List<Entry> entries() {
    return List.copyOf(header.entries().values());
  }

  /// Whether the file holds a tensor of that name.
  public boolean has(String name) {
    return header.entries().containsKey(name);
  }

  /// One tensor's description; an unknown name is a [UserException] that suggests the nearest.
  public Entry entry(String name) {
    var entry = header.entries().get(name);
    if (entry == null) {
      throw new UserException(
          file
              + ": no tensor "
              + Shown.quoted(name)
              + Shown.nearest(name, header.entries().keySet())
                  .map(near -> "; the nearest is " + Shown.quoted(near))
                  .orElse("; it holds " + header.entries().size() + " others"));
    }
    return entry;
  }

  /// One tensor's bytes, little-endian, rows first, read-only. They start at whatever alignment the
  /// file gives them: files of the usual writers are aligned to 8, or to the element size.
  public MemorySegment bytes(String name) {
    var entry = entry(name);
    return data.asSlice(entry.begin(), entry.size());
  }

  /// The `__metadata__` strings; empty if the file has none.
  Map<String, String> metadata() {
    return header.metadata();
  }

  /// Ends the mapping. Segments handed out before fail from now on, native pointers to them dangle.
  @Override
  public void close() {
    arena.close();
  }

  private static ByteBuffer read(FileChannel channel, long position, int length)
      throws IOException {
    var buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw new EOFException("the file became shorter while it was read");
      }
    }
    return buffer.flip();
  }
}
