package io.alidade;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What the documents promise to list in full, they do.
class DocumentsTest {
  private static final Pattern METRIC = Pattern.compile("\\.metric\\(\\s*\"([^\"]+)\"");
  private static final Pattern COMMAND =
      Pattern.compile("^@Command\\(\\s*name = \"([a-z]+)\"", Pattern.MULTILINE);

  private static Set<String> inSources(String folder, String end, Pattern pattern)
      throws IOException {
    var found = new TreeSet<String>();
    try (var files = Files.walk(Path.of("src/main/java/io/alidade", folder))) {
      for (var file : files.filter(f -> f.toString().endsWith(end)).toList()) {
        pattern.matcher(Files.readString(file)).results().forEach(m -> found.add(m.group(1)));
      }
    }
    return found;
  }

  @Test
  void everyMetricIsExplained() throws IOException {
    var page = Files.readString(Path.of("docs/metrics.md"));
    var metrics = inSources("objective", ".java", METRIC);
    assertThat(metrics).hasSizeGreaterThan(10);
    assertThat(metrics).allSatisfy(name -> assertThat(page).contains("`" + name + "`"));
  }

  @Test
  void everyCommandIsInTheReadme() throws IOException {
    var page = Files.readString(Path.of("README.md"));
    var commands = inSources("cli", "Command.java", COMMAND);
    commands.remove("alidade");
    assertThat(commands).contains("list", "runs", "check");
    assertThat(commands).allSatisfy(name -> assertThat(page).contains("| `" + name));
  }
}
