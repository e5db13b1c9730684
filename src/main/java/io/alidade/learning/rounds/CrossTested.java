package io.alidade.learning.rounds;

import io.alidade.judge.code.PassMatrix;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// Programs and tests that were written for an instruction, and what passed.
///
/// @param number of the instruction in the data
/// @param passes `[programs][tests]`
record CrossTested(int number, List<String> programs, List<String> tests, boolean[][] passes) {
  PassMatrix matrix() {
    return new PassMatrix(
        passes,
        programs.stream().mapToInt(String::length).toArray(),
        tests.stream().mapToInt(CrossTested::assertions).toArray());
  }

  private static int assertions(String test) {
    return test.split("\\bassert\\b", -1).length - 1;
  }

  boolean anyPass() {
    for (var row : passes) {
      for (boolean one : row) {
        if (one) {
          return true;
        }
      }
    }
    return false;
  }

  /// Reads a line back.
  static CrossTested read(Path file, String line) {
    var json = Json.parse(file.toString(), line);
    var passes =
        json.path("passes")
            .valueStream()
            .map(row -> {
              var values = new boolean[row.size()];
              for (int j = 0; j < values.length; j++) {
                values[j] = row.get(j).asBoolean();
              }
              return values;
            })
            .toArray(boolean[][]::new);
    return new CrossTested(
        json.path("number").asInt(),
        json.path("programs").valueStream().map(JsonNode::asString).toList(),
        json.path("tests").valueStream().map(JsonNode::asString).toList(),
        passes);
  }
}
