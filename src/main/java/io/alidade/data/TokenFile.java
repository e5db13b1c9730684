package io.alidade.data;

import io.alidade.batch.Completion;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/// Encoded rows in a file that is mapped, so that they take no heap and a start does not tokenize
/// what it has tokenized before. Safe for use by several threads.
///
/// Little-endian: eight bytes that name the format; the rows, one after the other; where each
/// begins and the last ends, as int64; how many they are, as int64; a checksum of all before, as
/// int32. A row is int32 numbers: whether its boundary moved, its prompt (a count, then ids), the
/// number of candidates, of each its ids likewise and 32 marks of scored tokens a number; the
/// number of signals, of each its name (a count of bytes, then these, filled up to a number), its
/// scope, and float64 values likewise.
final class TokenFile implements AutoCloseable {
  static final byte[] FORMAT = "ALIDIDS1".getBytes(StandardCharsets.US_ASCII);

  /// By the numbers that stand for them.
  static final List<Signal.Scope> SCOPES =
      List.of(Signal.Scope.GROUP, Signal.Scope.CANDIDATE, Signal.Scope.UNIT);

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int TAIL = Long.BYTES + Integer.BYTES; // count and checksum

  private final Arena arena;
  private final MemorySegment all;
  private final int count;
  private final long index; // where the beginnings of rows stand

  private TokenFile(Arena arena, MemorySegment all) {
    this.arena = arena;
    this.all = all;
    count = Math.toIntExact(all.get(LONG, all.byteSize() - TAIL));
    index = all.byteSize() - TAIL - (count + 1L) * Long.BYTES;
  }

  /// What a file was found to be.
  sealed interface Found {
    /// There is none.
    record Absent() implements Found {}

    /// One that cannot be used, and why.
    record Damaged(String why) implements Found {}

    /// One to read; to be closed.
    record Whole(TokenFile file) implements Found {}
  }

  /// Maps a file and checks every byte of it.
  ///
  /// @param rows that it must hold
  @SuppressWarnings("MustBeClosedChecker") // the arena lives as long as the object returned
  static Found open(Path path, int rows) {
    if (!Files.exists(path)) {
      return new Found.Absent();
    }
    try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
      var arena = Arena.ofShared();
      try {
        var all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        var wrong = wrong(all, rows);
        if (wrong.isPresent()) {
          arena.close();
          return new Found.Damaged(wrong.get());
        }
        return new Found.Whole(new TokenFile(arena, all));
      } catch (Throwable failure) {
        arena.close();
        throw failure;
      }
    } catch (IOException failure) {
      return new Found.Damaged(String.valueOf(failure.getMessage()));
    }
  }

  private static Optional<String> wrong(MemorySegment all, int rows) {
    long least = FORMAT.length + (rows + 1L) * Long.BYTES + TAIL;
    if (all.byteSize() < least) {
      return Optional.of(
          "%,d bytes where there must be %,d or more".formatted(all.byteSize(), least));
    }
    if (!Arrays.equals(all.asSlice(0, FORMAT.length).toArray(ValueLayout.JAVA_BYTE), FORMAT)) {
      return Optional.of("it begins in another way");
    }
    var crc = new CRC32C();
    long end = all.byteSize() - Integer.BYTES;
    for (long at = 0; at < end; at += 1 << 30) { // a buffer holds 2 GiB at most
      crc.update(all.asSlice(at, Math.min(1 << 30, end - at)).asByteBuffer());
    }
    if ((int) crc.getValue() != all.get(INT, end)) {
      return Optional.of("its checksum is another one");
    }
    long held = all.get(LONG, end - Long.BYTES);
    return held == rows
        ? Optional.empty()
        : Optional.of("%,d rows where there must be %,d".formatted(held, rows));
  }

  /// A row.
  ///
  /// @param index from 0
  /// @param place where it came from, which the file does not know
  EncodedRow row(int index, Example.Row place) {
    if (index < 0 || index >= count) {
      throw new IndexOutOfBoundsException(index);
    }
    return new Reader(all.get(LONG, this.index + (long) index * Long.BYTES)).row(place);
  }

  private final class Reader {
    private long at;

    Reader(long at) {
      this.at = at;
    }

    EncodedRow row(Example.Row place) {
      boolean moved = next() != 0;
      int[] prompt = ids();
      var candidates = new ArrayList<Completion>();
      for (int left = next(); left > 0; left--) {
        int[] tokens = ids();
        var scored = new boolean[tokens.length];
        int marks = 0;
        for (int t = 0; t < scored.length; t++) {
          marks = t % 32 == 0 ? next() : marks;
          scored[t] = (marks >>> (t % 32) & 1) != 0;
        }
        candidates.add(new Completion(tokens, scored));
      }
      var signals = new LinkedHashMap<Signal, double[]>();
      for (int left = next(); left > 0; left--) {
        int length = next();
        var name = all.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
        at += filled(length);
        var scope = SCOPES.get(next());
        var values = new double[next()];
        for (int i = 0; i < values.length; i++, at += Double.BYTES) {
          values[i] = all.get(DOUBLE, at);
        }
        signals.put(new Signal(new String(name, StandardCharsets.UTF_8), scope), values);
      }
      return new EncodedRow(place, prompt, List.copyOf(candidates), Map.copyOf(signals), moved);
    }

    private int next() {
      int value = all.get(INT, at);
      at += Integer.BYTES;
      return value;
    }

    private int[] ids() {
      int length = next();
      int[] ids = all.asSlice(at, (long) length * Integer.BYTES).toArray(INT);
      at += (long) length * Integer.BYTES;
      return ids;
    }
  }

  /// Bytes that a text takes when it is filled up to numbers.
  static int filled(int bytes) {
    return Math.ceilDiv(bytes, Integer.BYTES) * Integer.BYTES;
  }

  @Override
  public void close() {
    arena.close();
  }
}
