package io.alidade.data;

import io.alidade.UserException;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// Encoded rows in a mapped file: encoded once, ahead of training and on all cores, and read back
/// at random without holding them in the heap. The file lives as long as the store; it is scratch,
/// not a format.
public final class TokenStore implements Groups {
  /// Rows encoded in parallel before they are written in order.
  private static final int CHUNK = 512;

  /// What encoding met.
  ///
  /// @param rows rows read
  /// @param kept rows that can be trained on
  /// @param dropped rows that cannot, by reason
  /// @param cut rows that lost tokens to the limit
  /// @param boundaryMoved rows whose prompt tokenizes differently on its own
  /// @param tokens tokens of the kept rows, prompts counted once a candidate
  public record Summary(
      long rows,
      long kept,
      Map<Fitted.Reason, Long> dropped,
      long cut,
      long boundaryMoved,
      long tokens) {}

  private final Path file;
  private final FileChannel channel;
  private final MemorySegment bytes;
  private final long[] offsets;
  private final Summary summary;

  private TokenStore(Path file, long[] offsets, Summary summary) throws IOException {
    this.file = file;
    this.offsets = offsets;
    this.summary = summary;
    this.channel = FileChannel.open(file, StandardOpenOption.READ);
    // Unmapped by the garbage collector: the scratch file is gone by then, its memory is not
    // missed.
    this.bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
  }

  /// Encodes rows in order; rows with nothing to learn from are left out and counted.
  ///
  /// @param count number of rows
  /// @param rows a row by its number, from 0; called from several threads
  /// @param encoder turns a row into ids
  /// @param progress told how many rows are done
  /// @throws UserException if a row cannot be encoded, or the scratch file not written
  public static TokenStore encode(
      int count, IntFunction<Example> rows, RowEncoder encoder, IntConsumer progress) {
    Path file = null;
    try {
      file = Files.createTempFile("alidade-tokens", ".bin");
      file.toFile().deleteOnExit();
      var offsets = new long[count + 1];
      int kept = 0;
      long cut = 0;
      long moved = 0;
      long tokens = 0;
      var dropped = new EnumMap<Fitted.Reason, Long>(Fitted.Reason.class);
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
        for (int from = 0; from < count; from += CHUNK) {
          int start = from;
          var fitted =
              IntStream.range(from, Math.min(count, from + CHUNK))
                  .parallel()
                  .mapToObj(i -> encoder.group(rows.apply(i)))
                  .toList();
          for (var row : fitted) {
            switch (row) {
              case Fitted.Kept(Group group, int lost, boolean boundary) -> {
                var record = bytes(group);
                out.write(record);
                offsets[kept + 1] = offsets[kept] + record.length;
                kept++;
                cut += lost > 0 ? 1 : 0;
                moved += boundary ? 1 : 0;
                tokens += group.tokens();
              }
              case Fitted.Dropped(Example.Row _, Fitted.Reason reason) ->
                  dropped.merge(reason, 1L, Long::sum);
            }
          }
          progress.accept(start + fitted.size());
        }
      }
      return new TokenStore(
          file,
          Arrays.copyOf(offsets, kept + 1),
          new Summary(count, kept, dropped, cut, moved, tokens));
    } catch (IOException | UncheckedIOException e) {
      throw new UserException(
          "%s: the encoded rows could not be written (%s); free the disk, or set java.io.tmpdir to"
                  .formatted(file == null ? "temporary folder" : file, e.getMessage())
              + " a folder with room",
          e);
    }
  }

  /// What encoding met.
  public Summary summary() {
    return summary;
  }

  @Override
  public int count() {
    return offsets.length - 1;
  }

  @Override
  public Group group(int index) {
    var record =
        bytes
            .asSlice(offsets[index], offsets[index + 1] - offsets[index])
            .toArray(ValueLayout.JAVA_BYTE);
    try (var in = new DataInputStream(new ByteArrayInputStream(record))) {
      var row = new Example.Row(in.readUTF(), in.readLong());
      var prompt = ints(in);
      var candidates = new ArrayList<Completion>();
      for (int left = in.readInt(); left > 0; left--) {
        var ids = ints(in);
        var scored = new boolean[ids.length];
        for (int i = 0; i < scored.length; i++) {
          scored[i] = in.readBoolean();
        }
        candidates.add(new Completion(ids, scored));
      }
      var signals = new HashMap<Signal, double[]>();
      for (int left = in.readInt(); left > 0; left--) {
        var signal = new Signal(in.readUTF(), Signal.Scope.valueOf(in.readUTF()));
        var values = new double[in.readInt()];
        for (int i = 0; i < values.length; i++) {
          values[i] = in.readDouble();
        }
        signals.put(signal, values);
      }
      return new Group(row, prompt, candidates, signals);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // the record was written by this process
    }
  }

  private static byte[] bytes(Group group) throws IOException {
    var buffer = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(buffer)) {
      out.writeUTF(group.row().file());
      out.writeLong(group.row().number());
      write(out, group.prompt());
      out.writeInt(group.candidates().size());
      for (var candidate : group.candidates()) {
        write(out, candidate.tokens());
        for (boolean scored : candidate.scored()) {
          out.writeBoolean(scored);
        }
      }
      out.writeInt(group.signals().size());
      for (var entry : sorted(group.signals())) {
        out.writeUTF(entry.getKey().name());
        out.writeUTF(entry.getKey().scope().name());
        out.writeInt(entry.getValue().length);
        for (double value : entry.getValue()) {
          out.writeDouble(value);
        }
      }
    }
    return buffer.toByteArray();
  }

  private static List<Map.Entry<Signal, double[]>> sorted(Map<Signal, double[]> signals) {
    return signals.entrySet().stream()
        .sorted(java.util.Comparator.comparing(e -> e.getKey().name()))
        .toList();
  }

  private static void write(DataOutputStream out, int[] ids) throws IOException {
    out.writeInt(ids.length);
    for (int id : ids) {
      out.writeInt(id);
    }
  }

  private static int[] ints(DataInputStream in) throws IOException {
    var ids = new int[in.readInt()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = in.readInt();
    }
    return ids;
  }

  @Override
  public void close() {
    try {
      channel.close();
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
