package io.alidade.mine;

import static io.alidade.mine.FixtureRepository.method;
import static io.alidade.mine.FixtureRepository.type;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class MinedFolderTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-11-23T00:00:00Z"));

  @TempDir Path folder;

  @Test
  void rowsAndManifestAreWritten() throws IOException {
    var mined = mined();
    var out = folder.resolve("out");
    MinedFolder.write(mined, out, CLOCK);
    try (var files = Files.list(out)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "train.jsonl", "test.jsonl", "methods.jsonl", "methods-test.jsonl", "manifest.json");
    }
    var row = JsonMapper.shared().readTree(Files.readString(out.resolve("test.jsonl")));
    assertThat(row.path("library").asString()).isEqualTo("org.example:b");
    assertThat(row.path("chosen").asString()).isEqualTo("\n    return 4;\n}");
    var manifest = JsonMapper.shared().readTree(Files.readString(out.resolve("manifest.json")));
    assertThat(manifest.path("created").asString()).isEqualTo("2026-11-23T00:00:00Z");
    assertThat(manifest.path("files").path("train.jsonl").path("rows").asInt()).isEqualTo(1);
    assertThat(manifest.path("files").path("train.jsonl").path("sha256").asString())
        .isEqualTo(Sha256.of(out.resolve("train.jsonl")));
    var library = manifest.path("libraries").path(1);
    assertThat(library.path("heldOut").asBoolean()).isTrue();
    assertThat(library.path("license").asString()).isEqualTo("Apache-2.0");
    assertThat(library.path("releases").size()).isEqualTo(2);
    assertThat(library.path("outcomes").path("KEPT").asInt()).isEqualTo(1);
    // The same input gives the same bytes.
    var again = folder.resolve("again");
    MinedFolder.write(mined(), again, CLOCK);
    assertThat(again.resolve("manifest.json"))
        .hasSameTextualContentAs(out.resolve("manifest.json"));
  }

  @Test
  void unwritableFolderIsOneLine() throws IOException {
    var file = Files.writeString(folder.resolve("file"), "");
    var mined = mined();
    assertThatThrownBy(() -> MinedFolder.write(mined, file.resolve("out"), CLOCK))
        .isInstanceOf(UserException.class)
        .hasMessageNotContaining("\n");
  }

  private Mined mined() throws IOException {
    var file = "org/example/A.java";
    var repository =
        new FixtureRepository(folder.resolve("remote"))
            .release("org.example:a", "1", file, type("A", method("f", "return 1;")))
            .release("org.example:a", "2", file, type("A", method("f", "return 2;")))
            .release("org.example:b", "1", file, type("A", method("g", "return 3;")))
            .release("org.example:b", "2", file, type("A", method("g", "return 4;")));
    try (var archive = MavenArchive.of(folder.resolve("local"), List.of(repository.uri()), false)) {
      return Miner.maven(
          archive,
          List.of(Coordinate.of("org.example:a"), Coordinate.of("org.example:b")),
          MineOptions.of(folder.resolve("cache")).holdingOut(Set.of("org.example:b")),
          Progress.SILENT);
    }
  }
}
