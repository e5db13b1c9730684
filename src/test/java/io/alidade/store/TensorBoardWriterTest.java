package io.alidade.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Decodes event files with a small protobuf reader of its own.
final class TensorBoardWriterTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.ofEpochSecond(1_700_000_000L, 250_000_000));

  @TempDir Path folder;

  @Test
  void scalarsAndTextAreReadBack() throws IOException {
    Path file;
    try (var writer = TensorBoardWriter.open(folder, 0, CLOCK)) {
      writer.scalar("train/loss", 1, 0.6931471805599453);
      Map<String, Double> values = new LinkedHashMap<>();
      values.put("rewards/margins", -1.5);
      values.put("rewards/accuracies", Double.NaN);
      writer.scalars(300, values);
      writer.text("samples", 300, "a *b* ü");
      file = writer.file();
    }
    assertThat(file.getFileName().toString())
        .matches("events\\.out\\.tfevents\\.1700000000\\.[A-Za-z0-9.]+\\.\\d+\\.0");
    var events = events(file);
    assertThat(events).hasSize(4);
    assertThat(events.get(0).text(3)).isEqualTo("brain.Event:2");
    assertThat(events).allSatisfy(e -> assertThat(e.float64(1)).isEqualTo(1_700_000_000.25));

    assertThat(events.get(1).number(2)).isEqualTo(1);
    var loss = events.get(1).message(5).message(1);
    assertThat(loss.text(1)).isEqualTo("train/loss");
    assertThat(loss.float32(2)).isEqualTo((float) 0.6931471805599453);

    assertThat(events.get(2).number(2)).isEqualTo(300);
    var both = events.get(2).message(5).all(1);
    assertThat(both).hasSize(2);
    assertThat(new Proto(both.get(0)).float32(2)).isEqualTo(-1.5f);
    assertThat(new Proto(both.get(1)).text(1)).isEqualTo("rewards/accuracies");
    assertThat(new Proto(both.get(1)).float32(2)).isNaN();

    var text = events.get(3).message(5).message(1);
    assertThat(text.text(1)).isEqualTo("samples");
    assertThat(text.message(9).message(1).text(1)).isEqualTo("text");
    assertThat(text.message(8).number(1)).isEqualTo(7); // DT_STRING
    assertThat(text.message(8).message(2).message(2).number(1)).isEqualTo(1);
    assertThat(text.message(8).text(8)).isEqualTo("a *b* ü");
  }

  @Test
  void everyRecordIsOnTheDiskBeforeTheFileIsClosed() throws IOException {
    try (var writer = TensorBoardWriter.open(folder, 0, CLOCK)) {
      writer.scalar("x", 1, 1);
      assertThat(events(writer.file())).hasSize(2);
    }
  }

  @Test
  void aResumedRunOpensItsOwnFileAndSaysWhereItStarts() throws IOException {
    try (var first = TensorBoardWriter.open(folder, 0, CLOCK);
        var second = TensorBoardWriter.open(folder, 40, CLOCK)) {
      assertThat(second.file()).isNotEqualTo(first.file());
      var start = events(second.file()).get(1);
      assertThat(start.number(2)).isEqualTo(40);
      assertThat(start.message(7).number(1)).isEqualTo(1); // SessionLog.START
    }
  }

  @Test
  void maskedCrcOfAKnownString() {
    // CRC-32C of "123456789" is e3069283 (RFC 3720's polynomial); masked by TFRecord's rule.
    int crc = 0xe3069283;
    int expected = ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
    var bytes = "123456789".getBytes(StandardCharsets.US_ASCII);
    assertThat(TensorBoardWriter.maskedCrc(bytes, 0, bytes.length)).isEqualTo(expected);
  }

  @Test
  void anUnwritableFolderIsOneLine() throws IOException {
    var file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> TensorBoardWriter.open(file, 0, CLOCK))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("cannot write " + file);
  }

  private static List<Proto> events(Path file) throws IOException {
    var in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Proto> events = new ArrayList<>();
    while (in.hasRemaining()) {
      var head = new byte[8];
      in.get(head);
      assertThat(in.getInt()).as("length's checksum").isEqualTo(masked(head));
      var body = new byte[(int) ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong()];
      in.get(body);
      assertThat(in.getInt()).as("event's checksum").isEqualTo(masked(body));
      events.add(new Proto(body));
    }
    return events;
  }

  private static int masked(byte[] bytes) {
    var crc = new CRC32C();
    crc.update(bytes);
    long value = crc.getValue();
    return (int) (((value >>> 15 | value << 17) & 0xffffffffL) + 0xa282ead8L);
  }

  /// A decoded message: every field's raw bytes, in order.
  private static final class Proto {
    private final Map<Integer, List<byte[]>> fields = new LinkedHashMap<>();

    Proto(byte[] bytes) {
      var in = ByteBuffer.wrap(bytes);
      while (in.hasRemaining()) {
        long key = varint(in);
        var value =
            switch ((int) (key & 7)) {
              case 0 -> ByteBuffer.allocate(8).putLong(varint(in)).array();
              case 1 -> take(in, 8);
              case 2 -> take(in, (int) varint(in));
              case 5 -> take(in, 4);
              default -> throw new AssertionError("wire type " + (key & 7));
            };
        fields.computeIfAbsent((int) (key >>> 3), _ -> new ArrayList<>()).add(value);
      }
    }

    List<byte[]> all(int field) {
      return fields.getOrDefault(field, List.of());
    }

    byte[] one(int field) {
      assertThat(all(field)).as("field " + field).hasSize(1);
      return all(field).getFirst();
    }

    Proto message(int field) {
      return new Proto(one(field));
    }

    String text(int field) {
      return new String(one(field), StandardCharsets.UTF_8);
    }

    long number(int field) {
      return ByteBuffer.wrap(one(field)).getLong();
    }

    double float64(int field) {
      return ByteBuffer.wrap(one(field)).order(ByteOrder.LITTLE_ENDIAN).getDouble();
    }

    float float32(int field) {
      return ByteBuffer.wrap(one(field)).order(ByteOrder.LITTLE_ENDIAN).getFloat();
    }

    private static long varint(ByteBuffer in) {
      long value = 0;
      for (int shift = 0; ; shift += 7) {
        byte b = in.get();
        value |= (long) (b & 0x7f) << shift;
        if (b >= 0) {
          return value;
        }
      }
    }

    private static byte[] take(ByteBuffer in, int length) {
      var bytes = new byte[length];
      in.get(bytes);
      return bytes;
    }
  }
}
