package io.alidade.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.store.SafetensorsWriter.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SafetensorsFileTest {
  /// Every supported type and a few shapes, as the reference implementation lays them out.
  private static final String ALL_TYPES =
      "{\"__metadata__\":{\"a\":\"1\",\"format\":\"pt\"},"
          + "\"j\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
          + "\"i\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]},"
          + "\"h\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[16,20]},"
          + "\"g\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[20,24]},"
          + "\"f\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[24,26]},"
          + "\"e\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[26,28]},"
          + "\"d\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[28,30]},"
          + "\"c\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[30,31]},"
          + "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[31,32]},"
          + "\"a\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[32,33]}}";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"reference.safetensors", "types.safetensors"})
  void rewritingAReferenceFileGivesTheSameBytes(String name) throws IOException {
    var golden = golden(name);
    var copy = folder.resolve("copy.safetensors");
    try (var file = SafetensorsFile.open(golden)) {
      Map<String, Source> tensors = new LinkedHashMap<>();
      file.entries().reversed().forEach(e -> tensors.put(e.name(), Source.of(file, e.name())));
      SafetensorsWriter.write(copy, tensors, file.metadata());
    }
    assertThat(copy).hasSameBinaryContentAs(golden);
  }

  @Test
  void readsValuesShapesAndMetadata() throws IOException {
    try (var file = SafetensorsFile.open(golden("types.safetensors"))) {
      assertThat(file.metadata()).isEqualTo(SafetensorsWriter.PT);
      assertThat(file.entries()).hasSize(10);
      assertThat(file.entry("h").shape()).isEmpty();
      assertThat(file.bytes("h").get(LITTLE_FLOAT, 0)).isEqualTo(1.5f);
      assertThat(file.bytes("j").byteSize()).isEqualTo(8);
      assertThat(file.bytes("h").isReadOnly()).isTrue();
    }
  }

  private static final ValueLayout.OfFloat LITTLE_FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Test
  void aClosedFileFailsInsteadOfReadingFreedMemory() throws IOException {
    var file = SafetensorsFile.open(golden("types.safetensors"));
    var bytes = file.bytes("h");
    file.close();
    assertThatThrownBy(() -> bytes.get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void readsBeyondTwoGibibytes() throws IOException {
    // A sparse file: 3 GiB of holes and one number at the end, so it costs no disk.
    var path = folder.resolve("large.safetensors");
    long big = 3L << 30;
    var header =
        "{\"big\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]},".formatted(big, big)
            + "\"last\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}}"
                .formatted(big, big + 4);
    Files.write(path, file(header, new byte[0]));
    try (var channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      var one = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(42f).flip();
      channel.write(one, channel.size() + big);
    }
    try (var file = SafetensorsFile.open(path)) {
      assertThat(file.bytes("big").byteSize()).isEqualTo(big);
      assertThat(file.bytes("last").get(LITTLE_FLOAT, 0)).isEqualTo(42f);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}         | 4 | tensor 'x': ends at data byte 8, but the file holds only 4; it is truncated
          {"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}         | 8 | the tensors end at data byte 4 of 8
          {"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}         | 8 | tensor 'x': begins at data byte 4, but bytes 0 to 4 belong to no tensor
          {"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}         | 8 | tensor 'x': shape [3] of F32 takes 12 bytes, but data_offsets [0, 8] span 8
          {"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}         | 8 | tensor 'x': data_offsets [4, 0] are not a begin and an end
          {"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}           | 4 | tensor 'x': data_offsets [0] are not a begin and an end
          {"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}        | 4 | tensor 'x': shape holds '-1', not an integer from 0 to 2^63 - 1
          {"x":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}       | 4 | tensor 'x': shape holds '1.0'
          {"x":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}           | 4 | tensor 'x': shape is no list
          {"x":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}} | 4 | shape holds '9223372036854775808'
          {"x":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,4]}} | 4 | is larger than 2^63 bytes
          {"x":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}} | 0 | is larger than 2^63 bytes
          {"x":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}} | 4 | it is truncated
          {"x":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}         | 4 | tensor 'x': unknown dtype 'F99'; known: [BOOL,
          {"x":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}     | 4 | tensor 'x': dtype F8_E4M3 is not supported; convert the checkpoint to BF16
          {"x":{"dtype":7,"shape":[4],"data_offsets":[0,4]}}             | 4 | tensor 'x': dtype is no string
          {"x":{"shape":[4],"data_offsets":[0,4]}}                       | 4 | tensor 'x': has no dtype
          {"x":{"dtype":"U8","data_offsets":[0,4]}}                      | 4 | tensor 'x': has no shape
          {"x":{"dtype":"U8","shape":[4]}}                               | 4 | tensor 'x': has no data_offsets
          {"x":4}                                                        | 4 | tensor 'x': its entry is no JSON object
          {"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"x":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}} | 4 | uplicate
          {"x":{"dtype":"U8","dtype":"I8","shape":[2],"data_offsets":[0,2]}} | 2 | uplicate
          {"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"y":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}} | 4 | tensor 'y': begins at data byte 1 inside 'x', which ends at 3
          {"__metadata__":{"format":1}}                                  | 0 | __metadata__ 'format' is no string
          {"__metadata__":"pt"}                                          | 0 | __metadata__ is no JSON object
          []                                                             | 0 | the header is no JSON object
          {} {}                                                          | 0 | there is more text after the header's JSON object
          {"x":                                                          | 0 | the header is not valid JSON
          """)
  void eachDefectIsNamed(String header, int dataBytes, String message) throws IOException {
    var path = folder.resolve("bad.safetensors");
    Files.write(path, file(header, new byte[dataBytes]));
    assertThatThrownBy(() -> SafetensorsFile.open(path))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(path + ": ")
        .hasMessageContaining(message)
        .hasMessageContaining("; ")
        .hasMessageNotContainingAny("\n");
  }

  @Test
  void headerLengthsAreChecked() throws IOException {
    var path = folder.resolve("bad.safetensors");
    Files.write(path, new byte[7]);
    assertThatThrownBy(() -> SafetensorsFile.open(path))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("holds 7 bytes, too few");
    for (long length : new long[] {100, 100_000_001, Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
      var bytes = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
      Files.write(path, bytes.array());
      assertThatThrownBy(() -> SafetensorsFile.open(path))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("claims a header of " + Long.toUnsignedString(length) + " bytes");
    }
    assertThatThrownBy(() -> SafetensorsFile.open(folder))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("is a folder");
    assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("bd.safetensors")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no such file; did you mean 'bad.safetensors'?");
    Files.write(path, file("{\"\\u00ff\":\u0001}", new byte[0]));
    assertThatThrownBy(() -> SafetensorsFile.open(path)).isInstanceOf(UserException.class);
  }

  @Test
  void hostileNamesStayOnOneLine() throws IOException {
    var path = folder.resolve("bad.safetensors");
    Files.write(path, file("{\"a\\nb\\u001b[31m\":{}}", new byte[0]));
    assertThatThrownBy(() -> SafetensorsFile.open(path))
        .hasMessageContaining("tensor 'a\\u000ab\\u001b[31m': has no dtype");
  }

  @Test
  void emptyTensorsAndFilesAreFine() throws IOException {
    var path = folder.resolve("empty.safetensors");
    SafetensorsWriter.write(path, Map.of(), Map.of());
    assertThat(Files.size(path)).isEqualTo(16); // the length, and "{}" padded to 8
    try (var file = SafetensorsFile.open(path)) {
      assertThat(file.entries()).isEmpty();
    }
    SafetensorsWriter.write(
        path,
        Map.of(
            "none", Source.of(Dtype.F32, new long[] {0, 5}, MemorySegment.ofArray(new byte[0])),
            "one", Source.of(Dtype.U8, new long[] {1}, MemorySegment.ofArray(new byte[] {7}))),
        SafetensorsWriter.PT);
    try (var file = SafetensorsFile.open(path)) {
      assertThat(file.bytes("none").byteSize()).isZero();
      assertThat(file.entry("none").shape()).containsExactly(0, 5);
      assertThat(file.bytes("one").get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 7);
      assertThatThrownBy(() -> file.entry("ona"))
          .isInstanceOf(UserException.class)
          .hasMessage(path + ": no tensor 'ona'; the nearest is 'one'");
    }
  }

  @Test
  void aWriterThatGivesTooFewBytesIsABugAndLeavesNoFile() {
    var path = folder.resolve("short.safetensors");
    var source = Source.of(Dtype.F32, new long[] {2}, MemorySegment.ofArray(new byte[4]));
    assertThatThrownBy(() -> SafetensorsWriter.write(path, Map.of("x", source), Map.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("tensor x wrote 4 bytes, its shape [2] of F32 takes 8");
    assertThat(folder).isEmptyDirectory();
  }

  /// Damaged files either open, in which case every byte can be read, or give the one exception.
  @Test
  void noMutationDoesAnythingButOpenOrExplain() throws IOException {
    var random = new SplittableRandom(20261123);
    var valid = file(ALL_TYPES, new byte[33]);
    var path = folder.resolve("fuzz.safetensors");
    int refused = 0;
    for (int round = 0; round < 4000; round++) {
      Files.write(path, mutated(valid, random));
      try (var file = SafetensorsFile.open(path)) {
        for (var entry : file.entries()) {
          var bytes = file.bytes(entry.name());
          for (long i = 0; i < bytes.byteSize(); i++) {
            bytes.get(ValueLayout.JAVA_BYTE, i);
          }
        }
      } catch (UserException explained) {
        assertThat(explained.getMessage()).startsWith(path.toString()).doesNotContain("\n");
        refused++;
      }
    }
    assertThat(refused).isBetween(1000, 3999);
  }

  /// One to three edits: a flipped bit, a random byte, a digit, a cut, an insertion, a repeated
  /// part.
  private static byte[] mutated(byte[] valid, SplittableRandom random) {
    var bytes = valid.clone();
    for (int edits = random.nextInt(1, 4); edits > 0; edits--) {
      if (bytes.length == 0) {
        return bytes;
      }
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(6)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes[at] = (byte) ('0' + random.nextInt(10));
        case 3 -> bytes = java.util.Arrays.copyOf(bytes, at);
        case 4 -> {
          var more = "\"{}[]:,-9e\\u0000".getBytes(StandardCharsets.UTF_8);
          bytes = spliced(bytes, at, new byte[] {more[random.nextInt(more.length)]});
        }
        default -> {
          int end = Math.min(bytes.length, at + random.nextInt(60));
          bytes = spliced(bytes, at, java.util.Arrays.copyOfRange(bytes, at, end));
        }
      }
    }
    return bytes;
  }

  private static byte[] spliced(byte[] bytes, int at, byte[] inserted) {
    return ByteBuffer.allocate(bytes.length + inserted.length)
        .put(bytes, 0, at)
        .put(inserted)
        .put(bytes, at, bytes.length - at)
        .array();
  }

  static byte[] file(String header, byte[] data) {
    var text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .put(data)
        .array();
  }

  private Path golden(String name) throws IOException {
    try (var in = SafetensorsFileTest.class.getResourceAsStream("/golden/store/" + name)) {
      assertThat(in).as(name).isNotNull();
      var path = folder.resolve(name);
      Files.write(path, in.readAllBytes());
      return path;
    }
  }
}
