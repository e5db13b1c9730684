package io.alidade.bench;

import io.alidade.UserException;
import io.alidade.store.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// This program once more, in a process of its own with the same options for Java, so that largest
/// resident memory belongs to one piece of work.
///
/// @param main its entry point
public record Itself(Class<?> main) {
  /// Runs it to its end.
  ///
  /// @param arguments after which the last thing that it prints is a line of JSON
  /// @throws UserException if it ends in another way; what it said is on this process's error
  ///   stream
  public JsonNode run(List<String> arguments) {
    var command = new ArrayList<String>();
    command.add(
        ProcessHandle.current()
            .info()
            .command()
            .orElse(System.getProperty("java.home") + "/bin/java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(arguments);
    try {
      var process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      try {
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.waitFor();
        if (code != 0) {
          throw new UserException(
              "a process of its own for '%s' ended with exit code %d"
                  .formatted(String.join(" ", arguments), code));
        }
        // Java itself may say something before, for example about its cache of classes.
        return Json.parse("bench", said.strip().lines().reduce("", (_, last) -> last));
      } finally {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
