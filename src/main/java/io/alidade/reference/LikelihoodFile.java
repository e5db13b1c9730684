package io.alidade.reference;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/// Numbers by key in a file that is only appended to, for any number of processes at once.
///
/// A record is the key, how many numbers it has, the numbers as float32, and a checksum of all
/// that. A process that dies leaves at most a torn last record, which the next one cuts off. The
/// file is locked while it is appended to, and no longer; whoever appends first learns what others
/// have appended, and of two records of a key the first counts, for everybody. A record is checked
/// each time it is read, so that a damaged one is absent rather than wrong.
final class LikelihoodFile implements AutoCloseable {
  /// Bytes of a key.
  static final int KEY = 32;

  private static final int HEAD = KEY + Integer.BYTES;

  /// The byte that is locked: beyond all content, since where locks are enforced a locked part
  /// cannot be read.
  private static final long LOCKED = Long.MAX_VALUE - 1;

  private final FileChannel file;
  private final Map<ByteBuffer, Long> index = new HashMap<>();
  private long end; // of the records that are known

  /// Opens a file, or makes it.
  LikelihoodFile(Path path) throws IOException {
    file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    refresh();
  }

  /// Whether a key is known, without asking the file.
  boolean holds(ByteBuffer key) {
    return index.containsKey(key);
  }

  /// Learns what other processes have appended.
  void refresh() throws IOException {
    append(Map.of());
  }

  /// Keeps records, but for those whose key is there already.
  void append(Map<ByteBuffer, float[]> records) throws IOException {
    synchronized (LikelihoodFile.class) { // a lock of the file is the whole process's
      var lock = file.lock(LOCKED, 1, /* shared= */ false);
      try {
        catchUp();
        for (var record : records.entrySet()) {
          if (!index.containsKey(record.getKey())) {
            write(record.getKey(), record.getValue());
          }
        }
      } finally {
        lock.release();
      }
    }
  }

  /// Reads what is new. Nobody appends meanwhile, so a record that is not whole never will be.
  private void catchUp() throws IOException {
    if (file.size() < end || !scan()) {
      index.clear(); // others have cut the file, or something has
      end = 0;
      if (!scan()) {
        file.truncate(end);
      }
    }
  }

  /// Whether all of the rest of the file is whole records.
  private boolean scan() throws IOException {
    long size = file.size();
    while (end < size) {
      var record = record(end);
      if (record.isEmpty()) {
        return false;
      }
      var key = new byte[KEY];
      record.get().get(0, key);
      index.putIfAbsent(ByteBuffer.wrap(key), end);
      end += record.get().capacity();
    }
    return true;
  }

  /// The record at a place, if a whole one is there.
  private Optional<ByteBuffer> record(long at) throws IOException {
    long size = file.size();
    if (at + HEAD > size) {
      return Optional.empty();
    }
    int count = read(at + KEY, Integer.BYTES).getInt(0);
    if (count < 0 || at + length(count) > size || length(count) > Integer.MAX_VALUE) {
      return Optional.empty();
    }
    var all = read(at, (int) length(count));
    return all.getInt(all.capacity() - Integer.BYTES) == checksum(all)
        ? Optional.of(all)
        : Optional.empty();
  }

  private static long length(int count) {
    return HEAD + 4L * count + Integer.BYTES;
  }

  private ByteBuffer read(long at, int length) throws IOException {
    var into = ByteBuffer.allocate(length);
    while (into.hasRemaining()) {
      if (file.read(into, at + into.position()) < 0) {
        throw new IOException("the file ends within a record");
      }
    }
    return into;
  }

  private static int checksum(ByteBuffer all) {
    var crc = new CRC32C();
    crc.update(all.duplicate().position(0).limit(all.capacity() - Integer.BYTES));
    return (int) crc.getValue();
  }

  private void write(ByteBuffer key, float[] values) throws IOException {
    var all = ByteBuffer.allocate((int) length(values.length));
    all.put(key.duplicate()).putInt(values.length);
    for (float value : values) {
      all.putFloat(value);
    }
    all.putInt(checksum(all)).flip();
    long at = end;
    while (all.hasRemaining()) {
      at += file.write(all, at);
    }
    index.put(key, end);
    end = at;
  }

  /// The numbers of a key; absent where it is unknown, or what was kept is damaged.
  Optional<float[]> values(ByteBuffer key) throws IOException {
    var at = index.get(key);
    var record = at == null ? Optional.<ByteBuffer>empty() : record(at);
    var wanted = new byte[KEY];
    key.get(key.position(), wanted);
    if (record.isEmpty() || !Arrays.equals(record.get().array(), 0, KEY, wanted, 0, KEY)) {
      index.remove(key);
      return Optional.empty();
    }
    var values = new float[record.get().getInt(KEY)];
    record.get().position(HEAD).asFloatBuffer().get(values);
    return Optional.of(values);
  }

  @Override
  public void close() throws IOException {
    synchronized (LikelihoodFile.class) { // closing gives up every lock of this process on the file
      file.close();
    }
  }
}
