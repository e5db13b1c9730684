package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.mine.Coordinate;
import io.alidade.mine.Miner;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class MineCommandTest {
  @TempDir Path folder;

  @Test
  void minesToFolderAndPrintsTable() throws IOException {
    release("1", "return 1;");
    release("2", "return 2;");
    var list = Files.writeString(folder.resolve("list.txt"), "# a comment\ng:a  # the library\n");
    var text =
        run(
            "maven",
            "--list",
            list.toString(),
            "--repository",
            folder.resolve("remote").toUri().toString(),
            "--local",
            folder.resolve("local").toString(),
            "--cache",
            folder.resolve("cache").toString(),
            "--out",
            folder.resolve("out").toString());
    assertThat(text).contains("g:a: read 2 (2 of 2)");
    assertThat(text)
        .containsPattern("g:a +2 +0 +1 +0 +0 +0 +1 +1  train")
        .contains("rows: 1 train and 0 test pairs, 1 train and 0 test methods in ");
    assertThat(folder.resolve("out/train.jsonl")).content().contains("return 2;");
  }

  @Test
  void trainsTokenizer() throws IOException {
    var text = Files.writeString(folder.resolve("a.txt"), "return the value of the value\n");
    var out = folder.resolve("tokenizer");
    assertThat(run("tokenizer", text.toString(), "--vocab", "265", "--out", out.toString()))
        .isEqualTo(out + ": 265 tokens, 5 merges, from 30 bytes of text" + System.lineSeparator());
    assertThat(out.resolve("tokenizer.json")).exists();
  }

  @Test
  void wrongUseIsOneLine() {
    assertThatThrownBy(() -> run("maven"))
        .isInstanceOf(UserException.class)
        .hasMessage("name a library, such as org.apache.commons:commons-text, or a --list");
    assertThatThrownBy(() -> run("maven", "g:a", "--list", "absent.txt"))
        .isInstanceOf(UserException.class)
        .hasMessage("--list absent.txt: no such file");
    assertThatThrownBy(() -> run("maven", "g:a", "--local", "x"))
        .isInstanceOf(UserException.class)
        .hasMessage("--repository and --local go together; give both or neither");
    assertThatThrownBy(() -> run("maven", "g:a", "--versions", "0"))
        .isInstanceOf(UserException.class)
        .hasMessage("--versions must be at least 1, was 0");
    assertThatThrownBy(() -> run("git", ".", "--since", "yesterday"))
        .isInstanceOf(UserException.class)
        .hasMessage("--since must be a day such as 2024-01-31, was yesterday");
  }

  @Test
  void builtInListNamesLibrariesAtFixedVersions() throws IOException {
    try (var in = Miner.class.getResourceAsStream("corpus.txt")) {
      assertThat(in).isNotNull();
      var lines =
          new String(in.readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.isBlank() && !line.startsWith("#"))
              .toList();
      assertThat(lines).hasSizeGreaterThan(100).doesNotHaveDuplicates();
      assertThat(lines).allMatch(line -> Coordinate.of(line).version().isPresent());
    }
  }

  private void release(String version, String body) throws IOException {
    var home = folder.resolve("remote/g/a");
    var place = Files.createDirectories(home.resolve(version));
    Files.writeString(
        home.resolve("maven-metadata.xml"),
        "<metadata><groupId>g</groupId><artifactId>a</artifactId><versioning><versions>"
            + "<version>1</version><version>2</version></versions></versioning></metadata>");
    Files.writeString(
        place.resolve("a-" + version + ".pom"),
        "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId>"
            + "<version>%s</version></project>".formatted(version));
    var jar = place.resolve("a-" + version + "-sources.jar");
    try (var zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      zip.putNextEntry(new ZipEntry("A.java"));
      zip.write(
          "class A { /** Doc. */ int f() { %s } }"
              .formatted(body)
              .getBytes(StandardCharsets.UTF_8));
      zip.closeEntry();
    }
  }

  private static String run(String... arguments) {
    var out = new StringWriter();
    var line = new CommandLine(new MineCommand()).setOut(new PrintWriter(out));
    var failures = new ArrayList<Exception>();
    line.setExecutionExceptionHandler((failure, command, result) -> {
      failures.add(failure);
      return 1;
    });
    line.execute(arguments);
    if (!failures.isEmpty() && failures.getFirst() instanceof UserException user) {
      throw user;
    }
    assertThat(failures).isEmpty();
    return out.toString();
  }
}
