package io.alidade.mine;

import static io.alidade.mine.FixtureRepository.method;
import static io.alidade.mine.FixtureRepository.type;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourceArchiveTest {
  private static final String SOURCE = type("A", method("f", "return 1;"));

  @TempDir Path folder;

  @Test
  void entriesThatLeaveTheArchiveAreSkipped() throws IOException {
    var jar = folder.resolve("hostile.jar");
    try (var zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      for (var name :
          new String[] {
            "../../etc/A.java",
            "/abs/A.java",
            "a/../../A.java",
            "c:\\A.java",
            "a//A.java",
            "a/\u0007A.java",
            "good/A.java",
            "META-INF/versions/21/A.java",
            "good/package-info.java"
          }) {
        put(zip, name, SOURCE.getBytes(StandardCharsets.UTF_8));
      }
    }
    var parsed = SourceArchive.read(jar);
    assertThat(parsed.methods()).extracting(SourceMethod::file).containsExactly("good/A.java");
    assertThat(parsed.skipped()).isEqualTo(6);
    assertThat(parsed.files()).isEqualTo(1);
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(jar);
    }
  }

  @Test
  void bombIsSkippedWithoutBeingUnpacked() throws IOException {
    var jar = folder.resolve("bomb.jar");
    var spaces = new byte[1 << 20];
    Arrays.fill(spaces, (byte) ' ');
    try (var zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      zip.putNextEntry(new ZipEntry("a/Bomb.java"));
      for (int i = 0; i < 64; i++) {
        zip.write(spaces);
      }
      zip.closeEntry();
      put(zip, "a/A.java", SOURCE.getBytes(StandardCharsets.UTF_8));
    }
    var parsed = SourceArchive.read(jar);
    assertThat(parsed.skipped()).isEqualTo(1);
    assertThat(parsed.methods()).hasSize(1);
  }

  @Test
  void manyLargeEntriesAreRefused() throws IOException {
    var jar = folder.resolve("bombs.jar");
    var spaces = new byte[SourceArchive.MAX_FILE + 1];
    Arrays.fill(spaces, (byte) ' ');
    try (var zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      for (int i = 0; i < 4; i++) {
        put(zip, "a/B" + i + ".java", spaces);
      }
    }
    assertThatThrownBy(() -> SourceArchive.read(jar, 10_000_000))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("bombs.jar: more than 10000000 bytes of source when unpacked");
  }

  @Test
  void truncatedArchiveIsOneLine() throws IOException {
    var jar = folder.resolve("cut.jar");
    try (var zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      put(zip, "a/A.java", SOURCE.getBytes(StandardCharsets.UTF_8));
    }
    var bytes = Files.readAllBytes(jar);
    Files.write(jar, Arrays.copyOf(bytes, bytes.length / 2));
    assertThatThrownBy(() -> SourceArchive.read(jar))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("cut.jar: not a readable archive")
        .hasMessageContaining("delete the file and run again")
        .hasMessageNotContaining("\n");
  }

  @Test
  void textThatIsNotUtf8IsLatin1() {
    assertThat(SourceArchive.text("é".getBytes(StandardCharsets.ISO_8859_1))).isEqualTo("é");
    assertThat(SourceArchive.text("é→".getBytes(StandardCharsets.UTF_8))).isEqualTo("é→");
  }

  private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(content);
    zip.closeEntry();
  }
}
