package io.alidade.mine;

import static io.alidade.mine.FixtureRepository.method;
import static io.alidade.mine.FixtureRepository.type;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MinerTest {
  private static final String A = "org.example:a";
  private static final String B = "org.example:b";
  private static final String FILE = "org/example/A.java";

  @TempDir Path folder;
  FixtureRepository repository;

  @BeforeEach
  void repository() {
    repository = new FixtureRepository(folder.resolve("remote"));
  }

  @Test
  void changedBodyOfDocumentedMethodIsPair() throws IOException {
    repository
        .release(A, "1.0", FILE, type("A", method("f", "return x + 1;")))
        .release(A, "1.1", FILE, type("A", method("f", "int y = x;", "return y + 2;")));
    var mined = mine(options(), A);
    assertThat(mined.test()).isEmpty();
    assertThat(mined.train()).hasSize(1);
    var row = mined.train().getFirst().row();
    assertThat(row)
        .containsEntry("prompt", "/**\n * Does f.\n */\npublic int f(int x) {")
        .containsEntry("chosen", "\n    int y = x;\n    return y + 2;\n}")
        .containsEntry("rejected", "\n    return x + 1;\n}")
        .containsEntry("library", A)
        .containsEntry("from", "1.0")
        .containsEntry("to", "1.1")
        .containsEntry("file", FILE)
        .containsEntry("method", "A.f(int)")
        .containsEntry("license", "Apache-2.0")
        .containsEntry("to_sha256", Sha256.of(repository.sourcesOf(A, "1.1")))
        .containsEntry("from_sha256", Sha256.of(repository.sourcesOf(A, "1.0")));
    assertThat(row.keySet()).startsWith("prompt", "chosen", "rejected");
    assertThat(mined.trainMethods()).extracting(MinedMethod::version).containsExactly("1.1");
  }

  @Test
  void cosmeticChangesAreDropped() throws IOException {
    repository
        .release(
            A,
            "1",
            FILE,
            type("A", method("f", "int y = x;", "return y;"), method("g", "return x;")))
        .release(
            A,
            "2",
            FILE,
            type(
                "A",
                method("f", "final int y   = x;", "// why", "return y;"),
                method("g", "return  x; ")));
    var mined = mine(options(), A);
    assertThat(mined.train()).isEmpty();
    assertThat(outcomes(mined)).containsEntry(Outcome.COSMETIC, 2).containsEntry(Outcome.KEPT, 0);
  }

  @Test
  void undocumentedEmptyAndLongBodiesAreDropped() throws IOException {
    var plain = "    int u(int x) {\n        return %s;\n    }";
    repository
        .release(
            A,
            "1",
            FILE,
            type("A", plain.formatted("1"), method("e", "// to do"), method("l", "return 1;")))
        .release(
            A,
            "2",
            FILE,
            type(
                "A",
                plain.formatted("2"),
                method("e", "return 0;"),
                method("l", "return " + "1 + ".repeat(500) + "1;")));
    var mined = mine(new MineOptions(15, 500, folder, Set.of(), 0, List.of(), false, false, 1), A);
    assertThat(mined.train()).isEmpty();
    assertThat(outcomes(mined))
        .containsEntry(Outcome.UNDOCUMENTED, 1)
        .containsEntry(Outcome.EMPTY, 1)
        .containsEntry(Outcome.TOO_LONG, 1);
    assertThat(mined.trainMethods()).extracting(MinedMethod::method).containsExactly("A.e(int)");
  }

  @Test
  void ofChangeAndItsReversalTheLastCounts() throws IOException {
    var one = type("A", method("f", "return 1;"));
    var two = type("A", method("f", "return 2;"));
    repository
        .release(A, "1", FILE, one)
        .release(A, "2", FILE, two)
        .release(A, "3", FILE, one)
        .release(A, "4", FILE, two);
    var mined = mine(options(), A);
    assertThat(mined.train()).extracting(pair -> pair.origin().to()).containsExactly("4");
    assertThat(outcomes(mined)).containsEntry(Outcome.REPEATED, 2);
  }

  @Test
  void sameRowOfTwoLibrariesCountsOnce() throws IOException {
    for (var library : List.of(A, B)) {
      repository
          .release(library, "1", FILE, type("A", method("f", "return 1;")))
          .release(library, "2", FILE, type("A", method("f", "return 2;")));
    }
    var mined = mine(options(), A, B);
    assertThat(mined.train()).hasSize(1);
    assertThat(mined.trainMethods()).hasSize(1);
    assertThat(mined.libraries().get(1).outcomes()).containsEntry(Outcome.DUPLICATE, 1);
  }

  @Test
  void heldOutLibraryIsTestAndItsPromptsLeaveTrain() throws IOException {
    repository
        .release(A, "1", FILE, type("A", method("f", "return 1;"), method("g", "return 1;")))
        .release(A, "2", FILE, type("A", method("f", "return 2;"), method("g", "return 2;")))
        .release(B, "1", FILE, type("A", method("f", "return 3;"), method("h", "return 3;")))
        .release(B, "2", FILE, type("A", method("f", "return 4;"), method("h", "return 4;")));
    var mined = mine(options().holdingOut(Set.of(B)), A, B);
    assertThat(mined.train()).extracting(MethodPair::method).containsExactly("A.g(int)");
    assertThat(mined.test()).extracting(MethodPair::method).containsExactly("A.f(int)", "A.h(int)");
    assertThat(mined.trainMethods()).extracting(MinedMethod::library).containsOnly(A);
    assertThat(mined.testMethods()).extracting(MinedMethod::library).containsOnly(B);
    assertThat(mined.libraries().getFirst().outcomes()).containsEntry(Outcome.LEAKED, 1);
  }

  @Test
  void heldOutClassesAreForMeasuringWhateverLibraryTheyStandIn() throws IOException {
    var share = options().holdingOutClasses(0.5);
    var names = IntStream.range(0, 40).mapToObj(i -> "C%d.java".formatted(i)).toList();
    var held = names.stream().filter(share::holdsOutClass).toList();
    assertThat(held).hasSizeBetween(10, 30);
    assertThat(names.stream().filter(options()::holdsOutClass)).isEmpty();
    for (var library : List.of(A, B)) {
      for (int version : new int[] {1, 2}) {
        var sources = new ArrayList<String>();
        for (var name : names) {
          var type = name.substring(0, name.indexOf('.'));
          var body = "return %d;".formatted(version + (library.equals(A) ? 0 : 5));
          sources.add((library.equals(A) ? "org/a/" : "org/b/") + name);
          sources.add(type(type, method("f" + type, body)));
        }
        repository.release(library, Integer.toString(version), sources.toArray(String[]::new));
      }
    }
    var mined = mine(share, A, B);
    assertThat(mined.testClasses())
        .isNotEmpty()
        .allMatch(pair -> held.stream().anyMatch(pair.file()::endsWith));
    assertThat(mined.train())
        .isNotEmpty()
        .noneMatch(pair -> held.stream().anyMatch(pair.file()::endsWith));
    var prompts = mined.testClasses().stream().map(MethodPair::prompt).toList();
    assertThat(mined.train()).noneMatch(pair -> prompts.contains(pair.prompt()));
    assertThat(mined.trainMethods()).noneMatch(method -> prompts.contains(method.prompt()));
    assertThat(mined.test()).isEmpty();
    assertThatThrownBy(() -> options().holdingOutClasses(1)).hasMessageContaining("below 1, was 1");
  }

  @Test
  void heldOutNameMustBeMined() throws IOException {
    repository.release(A, "1", FILE, type("A", method("f", "return 1;")));
    assertThatThrownBy(() -> mine(options().holdingOut(Set.of("org.example:typo")), A))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("--holdout org.example:typo is not among what is mined");
  }

  @Test
  void excludedPathFindsShadedCopies() throws IOException {
    var source = type("A", method("f", "return 1;"));
    repository.release(A, "1", FILE, source, "com/acme/shaded/org/jsoup/J.java", source);
    var options =
        new MineOptions(15, 4000, folder, Set.of(), 0, List.of("org/jsoup/"), false, true, 1);
    assertThat(mine(options, A).trainMethods()).extracting(MinedMethod::file).containsExactly(FILE);
  }

  @Test
  void onlyMethodsReadsTheGivenReleaseAlone() throws IOException {
    repository
        .release(A, "1", FILE, type("A", method("f", "return 1;")))
        .release(A, "2", FILE, type("A", method("f", "return 2;")));
    var options = new MineOptions(15, 4000, folder, Set.of(), 0, List.of(), false, true, 1);
    var mined = mine(options, A + ":1");
    assertThat(mined.train()).isEmpty();
    assertThat(mined.trainMethods())
        .extracting(MinedMethod::completion)
        .containsExactly("\n    return 1;\n}");
  }

  @Test
  void versionBoundsTheReleases() throws IOException {
    for (var version : List.of("1", "2", "3", "4")) {
      repository.release(A, version, FILE, type("A", method("f", "return %s;".formatted(version))));
    }
    var mined = mine(options().ofVersions(2), A + ":3");
    assertThat(mined.train()).extracting(pair -> pair.origin().to()).containsExactly("3");
    assertThatThrownBy(() -> mine(options(), A + ":7"))
        .isInstanceOf(UserException.class)
        .hasMessage("org.example:a has no version 7; its newest is 4");
  }

  @Test
  void releaseWithoutSourcesIsSteppedOver() throws IOException {
    repository
        .release(A, "1", FILE, type("A", method("f", "return 1;")))
        .release(A, "3", FILE, type("A", method("f", "return 3;")));
    repository.listed(A, "4");
    var mined = mine(options(), A);
    assertThat(mined.train()).extracting(pair -> pair.origin().to()).containsExactly("3");
    assertThat(mined.libraries().getFirst().missing()).containsExactly("4");
  }

  @Test
  void licencesThatAreNotPermissiveAreLeftOutOnRequest() throws IOException {
    repository.release(A, "1", FILE, type("A", method("f", "return 1;")));
    repository.release(A, "2", FILE, type("A", method("f", "return 2;")));
    repository.license("GNU General Public License, version 2");
    var permissive = new MineOptions(15, 4000, folder, Set.of(), 0, List.of(), true, false, 1);
    assertThat(mine(permissive, A).libraries()).isEmpty();
    assertThat(mine(options(), A).train())
        .extracting(pair -> pair.origin().license())
        .containsExactly("GNU General Public License, version 2");
  }

  @Test
  void unknownLibraryIsOneLine() {
    assertThatThrownBy(() -> mine(options(), "org.example:absent"))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("org.example:absent: no such library in ")
        .hasMessageNotContaining("\n");
  }

  @Test
  void corruptArchiveIsOneLineThatNamesTheFile() throws IOException {
    Files.writeString(repository.sourcesOf(A, "1"), "not a zip");
    assertThatThrownBy(() -> mine(options(), A))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("a-1-sources.jar: not a readable archive")
        .hasMessageNotContaining("\n");
  }

  @Test
  void offlineUsesTheLocalRepositoryAndSaysWhatIsMissing() throws IOException {
    repository
        .release(A, "1", FILE, type("A", method("f", "return 1;")))
        .release(A, "2", FILE, type("A", method("f", "return 2;")));
    mine(options(), A);
    try (var offline = MavenArchive.of(folder.resolve("local"), List.of(repository.uri()), true)) {
      var again = Miner.maven(offline, List.of(Coordinate.of(A)), options(), Progress.SILENT);
      assertThat(again.train()).hasSize(1);
      assertThatThrownBy(
              () -> Miner.maven(offline, List.of(Coordinate.of(B)), options(), Progress.SILENT))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("org.example:b: Maven works offline, and the local repository")
          .hasMessageContaining("run once with a network")
          .hasMessageNotContaining("\n");
    }
  }

  @Test
  void silentNetworkIsOneLine() {
    var nobody = List.of(URI.create("http://127.0.0.1:1/"));
    try (var archive = MavenArchive.of(folder.resolve("local"), nobody, false)) {
      assertThatThrownBy(
              () -> Miner.maven(archive, List.of(Coordinate.of(A)), options(), Progress.SILENT))
          .isInstanceOf(UserException.class)
          .hasMessageStartingWith("org.example:a: no answer from mine-0 (http://127.0.0.1:1/) (")
          .hasMessageContaining("check the network and run again, or add --offline")
          .hasMessageNotContaining("\n");
    }
  }

  @Test
  void malformedNamesAreOneLine() {
    for (var name : List.of("jsoup", "a:b:c:d", "a:../b", ":b", "a:b:")) {
      assertThatThrownBy(() -> Coordinate.of(name))
          .isInstanceOf(UserException.class)
          .hasMessageStartingWith("'" + name + "' is not a library; write group:artifact");
    }
  }

  @Test
  void unparsedFileIsCounted() throws IOException {
    repository.release(
        A, "1", FILE, type("A", method("f", "return 1;")), "org/example/Bad.java", "class {{{");
    var mined = mine(options(), A);
    assertThat(mined.libraries().getFirst().failures()).isEqualTo(1);
    assertThat(mined.trainMethods()).hasSize(1);
  }

  @Test
  void interruptedRunGoesOnFromTheCache() throws IOException {
    repository
        .release(A, "1", FILE, type("A", method("f", "return 1;")))
        .release(A, "2", FILE, type("A", method("f", "return 2;")));
    var cache = folder.resolve("cache");
    var first = mine(MineOptions.of(cache), A);
    var cached = cache.resolve(Sha256.of(repository.sourcesOf(A, "2")) + ".v1.jsonl.gz");
    assertThat(cached).exists();
    // What is cached is used: a planted row comes back. What is damaged is made anew.
    var other = cache.resolve(Sha256.of(repository.sourcesOf(A, "1")) + ".v1.jsonl.gz");
    Files.copy(other, cached, StandardCopyOption.REPLACE_EXISTING);
    assertThat(mine(MineOptions.of(cache), A).train()).isEmpty();
    Files.write(cached, new byte[] {1, 2, 3});
    assertThat(mine(MineOptions.of(cache), A).train()).isEqualTo(first.train());
    assertThat(mine(MineOptions.of(cache), A).train()).isEqualTo(first.train());
  }

  @Test
  void progressHearsEveryRelease() throws IOException {
    repository
        .release(A, "1", FILE, type("A", method("f", "return 1;")))
        .release(A, "2", FILE, type("A", method("f", "return 2;")));
    var heard = new ConcurrentLinkedQueue<String>();
    try (var archive = archive()) {
      Miner.maven(
          archive,
          List.of(Coordinate.of(A)),
          options(),
          (library, what, done, of) -> heard.add(library + " " + what + " " + done + "/" + of));
    }
    assertThat(heard).containsExactly(A + " read 1 1/2", A + " read 2 2/2");
  }

  private MavenArchive archive() {
    return MavenArchive.of(folder.resolve("local"), List.of(repository.uri()), false);
  }

  private MineOptions options() {
    return MineOptions.of(folder.resolve("cache"));
  }

  private Mined mine(MineOptions options, String... libraries) {
    try (var archive = archive()) {
      return Miner.maven(
          archive,
          List.of(libraries).stream().map(Coordinate::of).toList(),
          options,
          Progress.SILENT);
    }
  }

  private static Map<Outcome, Integer> outcomes(Mined mined) {
    return mined.libraries().getFirst().outcomes();
  }
}
