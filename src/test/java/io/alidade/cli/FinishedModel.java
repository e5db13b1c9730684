package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.UserException;
import io.alidade.store.Json;
import io.alidade.tokenizer.Golden;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/// What commands do with a finished model: runs one as the program does, and reads what it says.
abstract class FinishedModel {
  @TempDir Path folder;
  final StringWriter out = new StringWriter();

  /// Runs a command as the program does, but for its handling of failures.
  int run(Object command, String... args) {
    var line = new CommandLine(command);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(out));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler((failure, _, _) -> {
      assertThat(failure).isInstanceOf(UserException.class);
      assertThat(failure.getMessage()).doesNotContain("\n");
      out.write(failure.getMessage());
      return 1;
    });
    return line.execute(args);
  }

  static String model(String name) {
    return Golden.path("models/" + name).toString();
  }

  static String data(String name) {
    return Golden.path("training/data/" + name + ".jsonl").toString();
  }

  List<JsonNode> lines(String name) throws IOException {
    var lines = new ArrayList<JsonNode>();
    for (var line : Files.readAllLines(folder.resolve(name))) {
      lines.add(Json.parse(name, line));
    }
    return lines;
  }

  String at(String name) {
    return folder.resolve(name).toString();
  }
}
