package io.alidade.data;

import io.alidade.example.Signal;
import io.alidade.store.AtomicFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.LongStream;
import java.util.zip.CRC32C;

/// Writes what [TokenFile] reads.
final class TokenWriter {
  private TokenWriter() {}

  /// Takes rows in their order.
  interface Sink {
    void add(EncodedRow row) throws IOException;
  }

  /// What hands rows over.
  interface Rows {
    void to(Sink sink) throws IOException;
  }

  /// Writes a file beside and renames it.
  ///
  /// @throws io.alidade.UserException if it cannot be written
  static void write(Path path, Rows rows) {
    AtomicFiles.channel(
        path,
        channel -> {
          var out = new Out(channel);
          out.put(ByteBuffer.wrap(TokenFile.FORMAT));
          var starts = LongStream.builder();
          rows.to(row -> {
            starts.add(out.written);
            out.put(bytes(row));
          });
          long[] places = starts.add(out.written).build().toArray();
          var end = ByteBuffer.allocate((places.length + 1) * Long.BYTES);
          end.order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().put(places).put(places.length - 1L);
          out.put(end);
          var checksum = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
          out.put(checksum.putInt((int) out.crc.getValue()).flip());
          out.flush();
        });
  }

  /// A channel behind a buffer, summing up what passes.
  private static final class Out {
    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
    private final CRC32C crc = new CRC32C();
    private long written;

    Out(FileChannel channel) {
      this.channel = channel;
    }

    void put(ByteBuffer bytes) throws IOException {
      crc.update(bytes.duplicate());
      written += bytes.remaining();
      while (bytes.hasRemaining()) {
        if (!buffer.hasRemaining()) {
          flush();
        }
        int some = Math.min(bytes.remaining(), buffer.remaining());
        buffer.put(bytes.slice(bytes.position(), some));
        bytes.position(bytes.position() + some);
      }
    }

    void flush() throws IOException {
      buffer.flip();
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      buffer.clear();
    }
  }

  private static ByteBuffer bytes(EncodedRow row) {
    int size = 4 + ids(row.prompt()) + 4 + 4;
    for (var candidate : row.candidates()) {
      size += ids(candidate.tokens()) + 4 * Math.ceilDiv(candidate.tokens().length, 32);
    }
    for (var signal : row.signals().entrySet()) {
      size +=
          12
              + TokenFile.filled(name(signal.getKey()).length)
              + Double.BYTES * signal.getValue().length;
    }
    var bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(row.boundaryMoved() ? 1 : 0);
    put(bytes, row.prompt());
    bytes.putInt(row.candidates().size());
    for (var candidate : row.candidates()) {
      put(bytes, candidate.tokens());
      var marks = new BitSet();
      for (int t = 0; t < candidate.scored().length; t++) {
        marks.set(t, candidate.scored()[t]);
      }
      var packed =
          Arrays.copyOf(marks.toByteArray(), 4 * Math.ceilDiv(candidate.scored().length, 32));
      bytes.put(packed);
    }
    bytes.putInt(row.signals().size());
    row.signals()
        .forEach((signal, values) -> {
          var name = name(signal);
          bytes.putInt(name.length).put(Arrays.copyOf(name, TokenFile.filled(name.length)));
          bytes.putInt(TokenFile.SCOPES.indexOf(signal.scope())).putInt(values.length);
          for (double value : values) {
            bytes.putDouble(value);
          }
        });
    return bytes.flip();
  }

  private static byte[] name(Signal signal) {
    return signal.name().getBytes(StandardCharsets.UTF_8);
  }

  private static int ids(int[] ids) {
    return Integer.BYTES * (1 + ids.length);
  }

  private static void put(ByteBuffer bytes, int[] ids) {
    bytes.putInt(ids.length);
    for (int id : ids) {
      bytes.putInt(id);
    }
  }
}
