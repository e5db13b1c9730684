package io.alidade.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ContentHashTest {
  @TempDir Path temp;

  @Test
  void knownDigests() throws IOException {
    // FIPS 180-2's example for SHA-256, and `printf abc | git hash-object --stdin`.
    var file = Files.writeString(temp.resolve("abc"), "abc");
    assertThat(ContentHash.of(file))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assertThat(ContentHash.gitBlob(file)).isEqualTo("f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f");
  }

  @Test
  void aFoldersDigestDependsOnNamesAndContentOnly() throws IOException {
    var a = folder("a", List.of("x", "sub/y", "Z"));
    var b = folder("b", List.of("Z", "sub/y", "x"));
    Files.createDirectories(b.resolve("empty"));
    assertThat(ContentHash.of(a)).isEqualTo(ContentHash.of(b)).hasSize(64);
    Files.move(b.resolve("x"), b.resolve("w"));
    assertThat(ContentHash.of(a)).isNotEqualTo(ContentHash.of(b));
    Files.move(b.resolve("w"), b.resolve("x"));
    Files.writeString(b.resolve("x"), "changed");
    assertThat(ContentHash.of(a)).isNotEqualTo(ContentHash.of(b));
  }

  @Test
  void partsAreSetOff() {
    assertThat(ContentHash.of(List.of("ab", "c"))).isNotEqualTo(ContentHash.of(List.of("a", "bc")));
    assertThat(ContentHash.of(List.of("ab", "c"))).isEqualTo(ContentHash.of(List.of("ab", "c")));
  }

  @Test
  void absentFilesAreNamed() {
    assertThatThrownBy(() -> ContentHash.of(temp.resolve("none")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("none: no such file");
  }

  private Path folder(String name, List<String> files) throws IOException {
    var folder = temp.resolve(name);
    for (var file : files) {
      var path = folder.resolve(file);
      Files.createDirectories(temp.resolve(name).resolve("sub"));
      Files.writeString(path, "content of " + file);
    }
    return folder;
  }
}
