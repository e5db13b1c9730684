package io.alidade.data;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/// Where each record of a file begins and ends, so that a file larger than memory is read in any
/// order: 24 bytes a record are kept, the rest stays on disk.
final class Slices implements AutoCloseable {
  private static final int CHUNK = 1 << 20;

  private final Path file;
  private final FileChannel channel;
  private final String fingerprint;
  private long[] starts = new long[1024];
  private long[] ends = new long[1024];
  private long[] lines = new long[1024];
  private int count;

  private Slices(Path file, FileChannel channel, String fingerprint) {
    this.file = file;
    this.channel = channel;
    this.fingerprint = fingerprint;
  }

  /// One record a line; blank lines are none.
  ///
  /// @param quoted whether a line end between double quotes belongs to the record, as in CSV
  static Slices ofLines(Path file, boolean quoted) {
    return open(
        file,
        (slices, hash) -> {
          var buffer = ByteBuffer.allocate(CHUNK);
          long at = 0;
          long start = 0;
          long line = 1;
          long startLine = 1;
          boolean blank = true;
          boolean inside = false;
          while (slices.channel.read(buffer.clear()) >= 0) {
            hash.update(buffer.flip());
            byte[] bytes = buffer.array();
            int from = at == 0 ? mark(file, buffer) : 0;
            start += at == 0 ? from : 0;
            for (int i = from; i < buffer.limit(); i++) {
              byte b = bytes[i];
              if (b == '\n') {
                line++;
                if (!inside) {
                  slices.add(blank, start, at + i, startLine);
                  start = at + i + 1;
                  startLine = line;
                  blank = true;
                }
              } else if (b != ' ' && b != '\t' && b != '\r') {
                blank = false;
                inside ^= quoted && b == '"';
              }
            }
            at += buffer.limit();
          }
          slices.add(blank, start, at, startLine);
        });
  }

  /// Records that `find` tells, in a file of another layout.
  static Slices of(Path file, Finder find) {
    return open(
        file,
        (slices, hash) -> {
          var buffer = ByteBuffer.allocate(CHUNK);
          while (slices.channel.read(buffer.clear()) >= 0) {
            hash.update(buffer.flip());
          }
          find.find(slices);
        });
  }

  /// Tells where records are, by [#add].
  interface Finder {
    void find(Slices slices) throws IOException;
  }

  private interface Fill {
    void fill(Slices slices, MessageDigest hash) throws IOException;
  }

  private static Slices open(Path file, Fill fill) {
    try {
      var channel = FileChannel.open(file);
      try {
        var hash = MessageDigest.getInstance("SHA-256");
        var reading = new Slices(file, channel, "");
        fill.fill(reading, hash);
        var slices = new Slices(file, channel, HexFormat.of().formatHex(hash.digest()));
        slices.starts = Arrays.copyOf(reading.starts, reading.count);
        slices.ends = Arrays.copyOf(reading.ends, reading.count);
        slices.lines = Arrays.copyOf(reading.lines, reading.count);
        slices.count = reading.count;
        return slices;
      } catch (IOException | RuntimeException | NoSuchAlgorithmException failure) {
        channel.close();
        throw failure;
      }
    } catch (IOException failure) {
      throw new UserException(
          "%s: cannot be read (%s)".formatted(file, failure.getMessage()), failure);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /// How many bytes a byte-order mark takes at the start.
  private static int mark(Path file, ByteBuffer start) {
    int first = start.limit() < 2 ? 0 : ((start.get(0) & 0xFF) << 8) | (start.get(1) & 0xFF);
    if (first == 0xFFFE || first == 0xFEFF) {
      throw new UserException(file + ": UTF-16 text; save it as UTF-8");
    }
    return first == 0xEFBB && start.limit() > 2 && (start.get(2) & 0xFF) == 0xBF ? 3 : 0;
  }

  private void add(boolean blank, long start, long end, long line) {
    if (!blank) {
      add(start, end, line);
    }
  }

  void add(long start, long end, long line) {
    if (count == starts.length) {
      starts = Arrays.copyOf(starts, 2 * count);
      ends = Arrays.copyOf(ends, 2 * count);
      lines = Arrays.copyOf(lines, 2 * count);
    }
    starts[count] = start;
    ends[count] = end;
    lines[count] = line;
    count++;
  }

  /// The same without the first records.
  Slices from(int first) {
    var rest = new Slices(file, channel, fingerprint);
    rest.starts = Arrays.copyOfRange(starts, first, count);
    rest.ends = Arrays.copyOfRange(ends, first, count);
    rest.lines = Arrays.copyOfRange(lines, first, count);
    rest.count = count - first;
    return rest;
  }

  int count() {
    return count;
  }

  /// The line that a record begins on, from 1.
  long line(int index) {
    return lines[index];
  }

  String fingerprint() {
    return fingerprint;
  }

  /// The bytes of a record.
  byte[] bytes(int index) {
    long length = ends[index] - starts[index];
    if (length > Integer.MAX_VALUE - 16) {
      throw new UserException(
          "%s:%d: a row of %d bytes is too long to read; split it"
              .formatted(file, lines[index], length));
    }
    var buffer = ByteBuffer.allocate((int) length);
    try {
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, starts[index] + buffer.position()) < 0) {
          throw new UserException(
              "%s:%d: the file became shorter while it was read; start again"
                  .formatted(file, lines[index]));
        }
      }
    } catch (IOException failure) {
      throw new UserException(
          "%s:%d: cannot be read (%s)".formatted(file, lines[index], failure.getMessage()),
          failure);
    }
    return buffer.array();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException failure) {
      throw new UserException(
          "%s: cannot be closed (%s)".formatted(file, failure.getMessage()), failure);
    }
  }
}
