package io.alidade.demo;

import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Preferences for when no library can be reached: small Java methods where the chosen body does
/// what the Javadoc says and the rejected one does not. The families of methods that are held out
/// do not occur in training.
final class PlantedPairs {
  /// A family of methods: `T` stands for a type and `n` for a name.
  private record Family(String says, String signature, String right, String wrong) {}

  private static final List<Family> TRAIN =
      List.of(
          new Family(
              "Returns the larger of two values.",
              "public static T n(T a, T b) {",
              "\n    return a > b ? a : b;\n}",
              "\n    return a < b ? a : b;\n}"),
          new Family(
              "Returns the sum of all values.",
              "public static T n(T[] values) {",
              "\n    T sum = 0;\n    for (T value : values) {\n        sum += value;\n    }\n    return sum;\n}",
              "\n    T sum = 0;\n    for (int i = 1; i < values.length; i++) {\n        sum += values[i];\n    }\n    return sum;\n}"),
          new Family(
              "Returns the index of the first occurrence of a value, or -1.",
              "public static int n(T[] values, T value) {",
              "\n    for (int i = 0; i < values.length; i++) {\n        if (values[i] == value) {\n            return i;\n        }\n    }\n    return -1;\n}",
              "\n    for (int i = 0; i <= values.length; i++) {\n        if (values[i] == value) {\n            return i;\n        }\n    }\n    return 0;\n}"),
          new Family(
              "Tests whether a value is even.",
              "public static boolean n(T value) {",
              "\n    return value % 2 == 0;\n}",
              "\n    return value % 2 == 1;\n}"));

  private static final List<Family> TEST =
      List.of(
          new Family(
              "Returns the smaller of two values.",
              "public static T n(T a, T b) {",
              "\n    return a < b ? a : b;\n}",
              "\n    return a > b ? a : b;\n}"),
          new Family(
              "Returns the largest of all values.",
              "public static T n(T[] values) {",
              "\n    T largest = values[0];\n    for (T value : values) {\n        if (value > largest) {\n            largest = value;\n        }\n    }\n    return largest;\n}",
              "\n    T largest = values[0];\n    for (int i = 1; i <= values.length; i++) {\n        if (values[i] > largest) {\n            largest = values[i];\n        }\n    }\n    return largest;\n}"),
          new Family(
              "Counts the occurrences of a value.",
              "public static int n(T[] values, T value) {",
              "\n    int count = 0;\n    for (T other : values) {\n        if (other == value) {\n            count++;\n        }\n    }\n    return count;\n}",
              "\n    int count = 0;\n    for (int i = 1; i <= values.length; i++) {\n        if (values[i] == value) {\n            count++;\n        }\n    }\n    return count;\n}"));

  private static final List<String> TYPES =
      List.of("int", "long", "short", "byte", "float", "double");
  private static final List<String> NAMES =
      List.of(
          "compute", "find", "apply", "of", "get", "evaluate", "result", "check", "calc", "value");

  private PlantedPairs() {}

  /// How many names a method can have.
  static final int ALL = NAMES.size();

  /// Writes `train.jsonl` and `test.jsonl`.
  ///
  /// @param names of each method, at most [#ALL]
  static void write(Path folder, int names) {
    file(folder.resolve("train.jsonl"), TRAIN, names);
    file(folder.resolve("test.jsonl"), TEST, names);
  }

  private static void file(Path file, List<Family> families, int names) {
    var lines = new ArrayList<String>();
    for (var family : families) {
      for (var type : TYPES) {
        for (var name : NAMES.subList(0, names)) {
          lines.add(Json.line(row(family, type, name)));
        }
      }
    }
    AtomicFiles.text(file, String.join("\n", lines) + "\n");
  }

  private static Map<String, String> row(Family family, String type, String name) {
    var row = new LinkedHashMap<String, String>();
    row.put("prompt", "/**\n * " + family.says + "\n */\n" + fill(family.signature, type, name));
    row.put("chosen", fill(family.right, type, name));
    row.put("rejected", fill(family.wrong, type, name));
    return row;
  }

  private static String fill(String text, String type, String name) {
    return text.replaceAll("\\bT\\b", type).replaceAll("\\bn\\b", name);
  }
}
