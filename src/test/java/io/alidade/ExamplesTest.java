package io.alidade;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The examples are programs that run as single files.
class ExamplesTest {
  private static final Path EXAMPLES = Path.of("examples");

  @TempDir Path folder;

  @Test
  void allCompile() throws IOException {
    List<Path> sources;
    try (var files = Files.list(EXAMPLES)) {
      sources = files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
    }
    assertThat(sources).hasSizeGreaterThanOrEqualTo(2);
    var compiler = ToolProvider.getSystemJavaCompiler();
    try (var files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      for (var source : sources) {
        var options =
            List.of(
                "-proc:none",
                "-d",
                folder.toString(),
                "-cp",
                System.getProperty("java.class.path"));
        assertThat(
                compiler
                    .getTask(
                        null,
                        files,
                        problem -> {
                          throw new AssertionError(problem);
                        },
                        options,
                        null,
                        files.getJavaFileObjects(source))
                    .call())
            .as(source.toString())
            .isTrue();
        assertThat(Files.readAllLines(source)).hasSizeLessThan(40);
      }
    }
  }

  @Test
  void generateRuns() throws IOException, InterruptedException {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                EXAMPLES.resolve("Generate.java").toString(),
                "src/test/resources/golden/models/llama",
                "What is 12")
            .redirectError(folder.resolve("err").toFile())
            .redirectOutput(folder.resolve("out").toFile())
            .start();
    assertThat(process.waitFor()).as(Files.readString(folder.resolve("err"))).isZero();
    assertThat(Files.readString(folder.resolve("out"))).containsPattern("\\d+ tokens, \\d");
  }
}
