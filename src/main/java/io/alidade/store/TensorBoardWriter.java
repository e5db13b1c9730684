package io.alidade.store;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.zip.CRC32C;

/// Writes a TensorBoard event file: `events.out.tfevents.SECONDS.HOST.PID.N`.
///
/// Each record is its length (8 bytes), the length's masked CRC-32C, a protobuf `Event`, and that
/// one's masked CRC-32C, little-endian. A record goes out in one write, so a kill costs at most the
/// last one, which readers skip. A resumed run opens a new file in the same folder: TensorBoard
/// reads all of a folder's files in order, and drops what an earlier one logged at or after the
/// step where the new one starts.
public final class TensorBoardWriter implements AutoCloseable {
  // Field numbers of event.proto, summary.proto and tensor.proto.
  private static final int EVENT_WALL_TIME = 1;
  private static final int EVENT_STEP = 2;
  private static final int EVENT_FILE_VERSION = 3;
  private static final int EVENT_SUMMARY = 5;
  private static final int EVENT_SESSION_LOG = 7;
  private static final int SESSION_LOG_STATUS = 1;
  private static final int SESSION_START = 1;
  private static final int SUMMARY_VALUE = 1;
  private static final int VALUE_TAG = 1;
  private static final int VALUE_SIMPLE = 2;
  private static final int VALUE_TENSOR = 8;
  private static final int VALUE_METADATA = 9;
  private static final int METADATA_PLUGIN = 1;
  private static final int PLUGIN_NAME = 1;
  private static final int TENSOR_DTYPE = 1;
  private static final int TENSOR_SHAPE = 2;
  private static final int TENSOR_STRING = 8;
  private static final int SHAPE_DIM = 2;
  private static final int DIM_SIZE = 1;
  private static final int DT_STRING = 7;

  private final Path file;
  private final FileChannel channel;
  private final InstantSource clock;

  private TensorBoardWriter(Path file, FileChannel channel, InstantSource clock) {
    this.file = file;
    this.channel = channel;
    this.clock = clock;
  }

  /// Opens a new event file in a folder, which is made if absent.
  ///
  /// @param firstStep the first step this file will log; 0 for a new run
  public static TensorBoardWriter open(Path folder, long firstStep, InstantSource clock) {
    var name =
        "events.out.tfevents.%010d.%s.%d."
            .formatted(
                clock.instant().getEpochSecond(), Host.name(), ProcessHandle.current().pid());
    int n = 0;
    while (Files.exists(folder.resolve(name + n))) {
      n++;
    }
    var file = folder.resolve(name + n);
    try {
      Files.createDirectories(folder);
      var writer =
          new TensorBoardWriter(
              file,
              FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              clock);
      writer.log(new Message().bytes(EVENT_FILE_VERSION, "brain.Event:2"), 0);
      if (firstStep > 0) {
        var start = new Message().number(SESSION_LOG_STATUS, SESSION_START);
        writer.log(new Message().message(EVENT_SESSION_LOG, start), firstStep);
      }
      return writer;
    } catch (IOException failure) {
      throw AtomicFiles.failed(folder, failure);
    }
  }

  /// The file being written.
  public Path file() {
    return file;
  }

  /// One point of a curve.
  public void scalar(String tag, long step, double value) {
    scalars(step, Map.of(tag, value));
  }

  /// One point on each of several curves, in one record.
  public void scalars(long step, Map<String, Double> values) {
    var summary = new Message();
    values.forEach((tag, value) ->
        summary.message(
            SUMMARY_VALUE,
            new Message().bytes(VALUE_TAG, tag).float32(VALUE_SIMPLE, value.floatValue())));
    log(new Message().message(EVENT_SUMMARY, summary), step);
  }

  /// Text, shown as Markdown.
  public void text(String tag, long step, String markdown) {
    var plugin = new Message().bytes(PLUGIN_NAME, "text");
    var shape = new Message().message(SHAPE_DIM, new Message().number(DIM_SIZE, 1));
    var tensor =
        new Message()
            .number(TENSOR_DTYPE, DT_STRING)
            .message(TENSOR_SHAPE, shape)
            .bytes(TENSOR_STRING, markdown);
    var value =
        new Message()
            .bytes(VALUE_TAG, tag)
            .message(VALUE_TENSOR, tensor)
            .message(VALUE_METADATA, new Message().message(METADATA_PLUGIN, plugin));
    log(new Message().message(EVENT_SUMMARY, new Message().message(SUMMARY_VALUE, value)), step);
  }

  private void log(Message event, long step) {
    try {
      record(event, step);
    } catch (IOException failure) {
      throw AtomicFiles.failed(file, failure);
    }
  }

  private synchronized void record(Message event, long step) throws IOException {
    var now = clock.instant();
    var bytes = event.float64(EVENT_WALL_TIME, seconds(now)).number(EVENT_STEP, step).toByteArray();
    var record = ByteBuffer.allocate(bytes.length + 16).order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(bytes.length);
    record.putInt(maskedCrc(record.array(), 0, 8));
    record.put(bytes);
    record.putInt(maskedCrc(bytes, 0, bytes.length));
    record.flip();
    while (record.hasRemaining()) {
      channel.write(record);
    }
  }

  private static double seconds(Instant instant) {
    return instant.getEpochSecond() + instant.getNano() * 1e-9;
  }

  /// TFRecord's mask, which keeps a checksum of data that itself holds checksums from degenerating.
  static int maskedCrc(byte[] bytes, int offset, int length) {
    var crc = new CRC32C();
    crc.update(bytes, offset, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
  }

  /// Makes what was written last through a power failure, and closes the file.
  @Override
  public void close() {
    try (channel) {
      channel.force(true);
    } catch (IOException failure) {
      throw AtomicFiles.failed(file, failure);
    }
  }

  /// A protobuf message: tagged fields one after the other.
  private static final class Message {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int LENGTH = 2;
    private static final int FIXED32 = 5;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Message number(int field, long value) {
      return varint(field << 3 | VARINT).varint(value);
    }

    Message float64(int field, double value) {
      return varint(field << 3 | FIXED64).little(Double.doubleToRawLongBits(value), 8);
    }

    Message float32(int field, float value) {
      return varint(field << 3 | FIXED32).little(Float.floatToRawIntBits(value), 4);
    }

    Message bytes(int field, String text) {
      return bytes(field, text.getBytes(StandardCharsets.UTF_8));
    }

    Message message(int field, Message inner) {
      return bytes(field, inner.toByteArray());
    }

    private Message bytes(int field, byte[] bytes) {
      varint(field << 3 | LENGTH).varint(bytes.length);
      out.writeBytes(bytes);
      return this;
    }

    private Message varint(long value) {
      long rest = value;
      while ((rest & ~0x7fL) != 0) {
        out.write((int) ((rest & 0x7f) | 0x80));
        rest >>>= 7;
      }
      out.write((int) rest);
      return this;
    }

    private Message little(long bits, int bytes) {
      for (int i = 0; i < bytes; i++) {
        out.write((int) (bits >>> (8 * i)));
      }
      return this;
    }

    byte[] toByteArray() {
      return out.toByteArray();
    }
  }
}
