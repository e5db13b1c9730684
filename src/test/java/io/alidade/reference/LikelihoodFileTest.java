package io.alidade.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LikelihoodFileTest {
  @TempDir Path folder;

  private static ByteBuffer key(int number) {
    return ByteBuffer.allocate(LikelihoodFile.KEY).putInt(4, number);
  }

  private static float[] values(int number) {
    var values = new float[1 + number % 7];
    for (int i = 0; i < values.length; i++) {
      values[i] = -number - i / 8f;
    }
    return values;
  }

  private static long length(int number) {
    return LikelihoodFile.KEY + 4 + 4L * values(number).length + 4;
  }

  private static void append(LikelihoodFile file, int number) throws IOException {
    file.append(Map.of(key(number), values(number)));
  }

  /// Appends records one by one: arguments are the file, the first number and the last, excluded.
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws IOException {
      try (var file = new LikelihoodFile(Path.of(args[0]))) {
        for (int i = Integer.parseInt(args[1]); i < Integer.parseInt(args[2]); i++) {
          append(file, i);
        }
      }
    }
  }

  private static Process child(Path path, int from, int to) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            path.toString(),
            Integer.toString(from),
            Integer.toString(to))
        .inheritIO()
        .start();
  }

  /// Whatever the order in which they come, each key is there once, and whole.
  @Test
  void processesThatAppendAtOnceLoseAndRepeatNothing() throws Exception {
    var path = folder.resolve("file");
    var one = child(path, 0, 300);
    var other = child(path, 150, 450);
    try (var file = new LikelihoodFile(path)) {
      for (int i = 449; i >= 300; i--) {
        append(file, i);
      }
      for (var process : new Process[] {one, other}) {
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).isZero();
      }
      file.refresh();
      long all = 0;
      for (int i = 0; i < 450; i++) {
        assertThat(file.values(key(i))).as("%d", i).hasValue(values(i));
        all += length(i);
      }
      assertThat(Files.size(path)).isEqualTo(all);
    }
  }

  @Test
  void twoInOneProcessSeeWhatTheOtherAppends() throws Exception {
    var path = folder.resolve("file");
    try (var one = new LikelihoodFile(path);
        var other = new LikelihoodFile(path)) {
      append(one, 1);
      append(other, 2);
      assertThat(other.holds(key(1))).isTrue();
      assertThat(one.holds(key(2))).isFalse();
      one.refresh();
      assertThat(one.values(key(2))).hasValue(values(2));
      other.append(Map.of(key(1), values(5))); // the first counts
      assertThat(other.values(key(1))).hasValue(values(1));
    }
  }

  /// A file that ends anywhere holds a part of its records and nothing else, and can be appended
  /// to.
  @Test
  void aFileThatIsCutAnywhereLosesRecordsAndGivesNoWrongNumber() throws Exception {
    var path = folder.resolve("file");
    try (var file = new LikelihoodFile(path)) {
      for (int i = 1; i <= 3; i++) {
        append(file, i);
      }
    }
    var whole = Files.readAllBytes(path);
    for (int length = 0; length <= whole.length; length++) {
      Files.write(path, java.util.Arrays.copyOf(whole, length));
      try (var file = new LikelihoodFile(path)) {
        long end = 0;
        for (int i = 1; i <= 3; i++) {
          end += length(i);
          if (end <= length) {
            assertThat(file.values(key(i))).hasValue(values(i));
          } else {
            assertThat(file.values(key(i))).isEmpty();
            append(file, i);
            assertThat(file.values(key(i))).hasValue(values(i));
          }
        }
      }
      assertThat(path).hasBinaryContent(whole);
    }
  }

  /// Every single byte changed, before the file is opened and while it is open.
  @Test
  void aByteThatHasChangedGivesNoWrongNumber() throws Exception {
    var path = folder.resolve("file");
    try (var file = new LikelihoodFile(path)) {
      for (int i = 1; i <= 3; i++) {
        append(file, i);
      }
    }
    var whole = Files.readAllBytes(path);
    for (int at = 0; at < whole.length; at++) {
      var damaged = whole.clone();
      damaged[at] ^= 0x41;
      Files.write(path, whole);
      try (var open = new LikelihoodFile(path);
          var channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(damaged));
        trueOrAbsent(open, at);
      }
      Files.write(path, damaged);
      try (var opened = new LikelihoodFile(path)) {
        trueOrAbsent(opened, at);
      }
    }
  }

  private static void trueOrAbsent(LikelihoodFile file, int at) throws IOException {
    int absent = 0;
    for (int i = 1; i <= 3; i++) {
      var found = file.values(key(i));
      absent += found.isEmpty() ? 1 : 0;
      if (found.isPresent()) {
        assertThat(found.get()).as("byte %d", at).isEqualTo(values(i));
      } else {
        append(file, i);
        assertThat(file.values(key(i))).hasValue(values(i));
      }
    }
    assertThat(absent).as("byte %d", at).isPositive();
  }

  /// Another process finds damage and cuts the file; what it writes then lies elsewhere.
  @Test
  void aFileThatIsCutAndWrittenByAnotherIsReadAnew() throws Exception {
    var path = folder.resolve("file");
    try (var file = new LikelihoodFile(path)) {
      for (int i = 1; i <= 3; i++) {
        append(file, i);
      }
      Files.write(path, java.util.Arrays.copyOf(Files.readAllBytes(path), 5));
      try (var other = new LikelihoodFile(path)) {
        append(other, 3);
        append(other, 6);
        append(other, 5);
      }
      assertThat(file.values(key(2))).isEmpty();
      append(file, 2);
      for (int i : new int[] {2, 3, 5, 6}) {
        assertThat(file.values(key(i))).hasValue(values(i));
      }
    }
  }
}
